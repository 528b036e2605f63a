/**
 * Values that come in: whatever the hub could not be given exactly is refused before anything is sent, with the code
 * `argument`, the place and what to do. Against the hub of the package, within the process.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import vm from 'node:vm';
import { LocalHub } from '../../pkg/hub/node.js';
import { DeviceClient, IotHubError } from '../../pkg/node.js';
import { failure, within } from './small-hub.mjs';

/** @type {LocalHub} */
let hub;
/** @type {DeviceClient} */
let device;
/** @type {Map<string, any>} */
const telemetry = new Map();

before(async () => {
  hub = await LocalHub.start();
  hub.addEventListener('telemetry', (/** @type {any} */ { data }) =>
    telemetry.set(data.systemProperties['message-id'], data),
  );
  device = await DeviceClient.connect(await hub.connectionString('device-1'), { WebSocket: hub.WebSocket });
});
after(async () => {
  await device.close();
  hub.close();
});

let count = 0;
/** Sends, and gives what the hub has. @param {any} message @returns {Promise<any>} */
async function stored(message) {
  count += 1;
  const messageId = `m-${count}`;
  await within('PUBACK', device.send({ ...message, messageId }));
  return telemetry.get(messageId);
}

const circle = /** @type {any} */ ({});
circle.self = circle;
class Reading {
  celsius = 21;
}
class Point {
  #x = 1;
  toJSON() {
    return { x: this.#x };
  }
}
const foreign = (/** @type {string} */ code) => vm.runInNewContext(code);
const transferred = () => {
  const bytes = new Uint8Array([1, 2, 3]);
  structuredClone(bytes, { transfer: [bytes.buffer] });
  return bytes;
};

/** What JSON has no form for: as a body, in a patch, as an answer. @type {[string, () => any, RegExp][]} */
const REFUSED = [
  ['a Map', () => new Map([[1, 2]]), /is a Map, .*Object\.fromEntries/],
  ['a Set', () => new Set([1]), /is a Set, .*\[\.\.\.it\]/],
  ['a Promise', () => Promise.resolve(1), /is a Promise, .*await it/],
  ['a Blob', () => new Blob(['x']), /is a Blob, .*await it\.bytes\(\)/],
  ['a URLSearchParams', () => new URLSearchParams('a=b'), /is a URLSearchParams, .*Object\.fromEntries/],
  ['an Error', () => new Error('x'), /is an Error, .*toJSON/],
  ['an instance of a class', () => new Reading(), /is a Reading, .*toJSON/],
  ['a Map of another realm', () => foreign('new Map([[1, 2]])'), /is a Map, /],
  ['a RegExp', () => /x/, /is a RegExp, /],
  ['NaN', () => Number.NaN, /is NaN, which JSON has no form for/],
  ['Infinity', () => Number.POSITIVE_INFINITY, /is Infinity, /],
  ['-Infinity', () => Number.NEGATIVE_INFINITY, /is -Infinity, /],
  ['a bigint', () => 10n, /is a bigint, .*String\(it\)/],
  ['a symbol', () => Symbol('s'), /is a symbol, /],
  ['a function', () => () => 1, /is a function, /],
  ['an invalid Date', () => new Date(Number.NaN), /is a Date, /],
  ['a toJSON that gives nothing', () => ({ toJSON() {} }), /is an object, /],
  ['a toJSON that gives NaN', () => ({ toJSON: () => ({ t: Number.NaN }) }), /t" is NaN, /],
  ['a circle', () => circle, /can not be written as JSON/],
];

for (const [name, make, says] of REFUSED) {
  test(`${name} is refused as a body, within one, in a patch and as an answer`, async () => {
    for (const value of [make(), { deep: [{ at: make() }] }, [make()]]) {
      const error = await failure(device.send({ body: value }));
      assert.equal(error.code, 'argument', error.message);
      assert.match(error.message, says);
    }
    const within_ = await failure(device.send({ body: { deep: [{ at: make() }] } }));
    if (name !== 'a circle') assert.match(within_.message, /^the body's "deep\[0\]\.at/);
    const patched = await failure(device.updateReported({ at: make() }));
    assert.equal(patched.code, 'argument', patched.message);
    assert.match(patched.message, says);
    const off = device.onMethod('answer', () => ({ status: 200, payload: { at: make() } }));
    const told = new Promise((resolve) => device.addEventListener('handlererror', resolve, { once: true }));
    const answer = await hub.invokeMethod('device-1', { methodName: 'answer', connectTimeoutInSeconds: 5 });
    off();
    assert.equal(answer.status, 500);
    assert.match(/** @type {any} */ (answer.payload).error, says);
    assert.equal((await within('handlererror', told)).error.code, 'argument');
  });
}

test('bytes within JSON, and what an array has no form for, are refused', async () => {
  for (const [value, says] of /** @type {[any, RegExp][]} */ ([
    [{ bytes: new Uint8Array([1]) }, /"bytes" is a Uint8Array, .*\[\.\.\.it\]/],
    [{ bytes: new ArrayBuffer(1) }, /"bytes" is an ArrayBuffer, /],
    [[1, undefined], /"\[1\]" is undefined, /],
    // biome-ignore lint/suspicious/noSparseArray: that is what is tried
    [{ list: [1, , 3] }, /"list\[1\]" is undefined, /],
    [undefined, /the body is undefined, /],
  ])) {
    const error = await failure(device.send({ body: value }));
    assert.equal(error.code, 'argument');
    assert.match(error.message, says);
  }
  const bytes = await failure(device.updateReported(new Uint8Array([1])));
  assert.match(bytes.message, /the reported patch is a Uint8Array/);
});

/** What JSON holds, and what the hub then has. @type {[string, any, any][]} */
const HELD = [
  ['braces and brackets', { a: [1, null, { b: 'ä' }], c: true }, { a: [1, null, { b: 'ä' }], c: true }],
  ['a member without a value is left out, as JSON.stringify does', { a: 1, b: undefined }, { a: 1 }],
  ['a Date', { at: new Date(0) }, { at: '1970-01-01T00:00:00.000Z' }],
  ['a toJSON', new Point(), { x: 1 }],
  ['an object without prototype', Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
  ['an object of another realm', foreign('({ a: [1] })'), { a: [1] }],
  [
    'names that every object has',
    JSON.parse('{"__proto__":1,"constructor":2}'),
    JSON.parse('{"__proto__":1,"constructor":2}'),
  ],
  ['half a surrogate pair', ['\ud83d'], ['\ud83d']],
  ['null', null, null],
  ['false', false, false],
  ['the same object twice', [circle.constructor, 1].map(() => ({ a: 1 })), [{ a: 1 }, { a: 1 }]],
];

for (const [name, value, expected] of HELD) {
  test(`JSON holds: ${name}`, async () => {
    const event = await stored({ body: value });
    assert.deepEqual(JSON.parse(event.body), expected);
    assert.equal(event.systemProperties['content-type'], 'application/json');
  });
}

test('any value: it is refused, or the hub has just that', async () => {
  // A fixed seed: a failure comes again.
  let seed = 20261128;
  const random = (/** @type {number} */ below) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed % below;
  };
  const LEAVES = [
    null,
    true,
    false,
    0,
    -1.5,
    1e300,
    '',
    'ä€😀',
    '\u0000',
    Number.NaN,
    Infinity,
    undefined,
    1n,
    Symbol.iterator,
    () => 1,
  ];
  const ODD = [
    () => new Map(),
    () => new Set(),
    () => new Reading(),
    () => new Date(NaN),
    () => new Date(1),
    () => new Point(),
    () => new Uint8Array(1),
  ];
  /** @param {number} depth @returns {any} */
  const value = (depth) => {
    const kind = random(depth === 0 ? 6 : 12);
    if (kind < 4) return LEAVES[random(9)];
    if (kind === 4) return LEAVES[random(LEAVES.length)];
    if (kind === 5) return random(4) === 0 ? ODD[random(ODD.length)]?.() : random(1000) / 8;
    const items = Array.from({ length: random(4) }, () => value(depth - 1));
    if (kind < 9) return items;
    return Object.fromEntries(items.map((item, at) => [['a', 'b.c', '__proto__', 'toJSONx'][at], item]));
  };
  /** What JSON has of it, by its own rule for members; throws for what it would change. @param {any} is @returns {any} */
  const model = (is) => {
    if (is === null || ['string', 'boolean'].includes(typeof is)) return is;
    if (typeof is === 'number' && Number.isFinite(is)) return is;
    if (Array.isArray(is)) return is.map(model);
    if (is instanceof Date && !Number.isNaN(is.getTime())) return is.toJSON();
    if (is instanceof Point) return { x: 1 };
    assert.ok(is && Object.getPrototypeOf(is) === Object.prototype, 'lost');
    return Object.fromEntries(
      Object.entries(is)
        .filter(([, field]) => field !== undefined)
        .map(([name, field]) => [name, model(field)]),
    );
  };
  let [sent, refused] = [0, 0];
  for (let round = 0; round < 400; round += 1) {
    const body = value(4);
    if (typeof body === 'string' || body instanceof Uint8Array) continue;
    let expected;
    let isGood = true;
    try {
      expected = model(body);
    } catch {
      isGood = false;
    }
    if (isGood) {
      sent += 1;
      assert.deepEqual(JSON.parse((await stored({ body })).body), expected);
    } else {
      refused += 1;
      assert.equal((await failure(device.send({ body }))).code, 'argument');
    }
  }
  assert.ok(sent > 50 && refused > 50, `${sent} sent, ${refused} refused`);
});

/** Bytes of every kind. @type {[string, () => any][]} */
const BYTES = [
  ['a Uint8Array', () => new Uint8Array([0, 255, 128])],
  ['an ArrayBuffer', () => new Uint8Array([0, 255, 128]).buffer],
  ['a DataView', () => new DataView(new Uint8Array([9, 0, 255, 128, 9]).buffer, 1, 3)],
  ['a Uint8ClampedArray', () => new Uint8ClampedArray([0, 255, 128])],
  ['a SharedArrayBuffer', () => shared().buffer],
  ['a view of a SharedArrayBuffer', () => shared()],
  ['an ArrayBuffer of another realm', () => foreign('new Uint8Array([0, 255, 128]).buffer')],
  ['a Uint8Array of another realm', () => foreign('new Uint8Array([0, 255, 128])')],
  ['a DataView of another realm', () => foreign('new DataView(new Uint8Array([0, 255, 128]).buffer)')],
];

function shared() {
  const bytes = new Uint8Array(new SharedArrayBuffer(3));
  bytes.set([0, 255, 128]);
  return bytes;
}

for (const [name, make] of BYTES) {
  test(`bytes arrive as they were: ${name}`, async () => {
    const event = await stored({ body: make() });
    assert.equal(event.bodyBase64, Buffer.from([0, 255, 128]).toString('base64'));
    assert.equal(event.systemProperties['content-type'], undefined);
  });
}

test('bytes that were transferred away are not sent as none', async () => {
  for (const body of [transferred(), transferred().buffer]) {
    const error = await failure(device.send({ body }));
    assert.equal(error.code, 'argument');
    assert.match(error.message, /transferred/);
  }
  assert.equal((await stored({ body: new Uint8Array() })).body, '');
});

test('text with half a surrogate pair is refused wherever UTF-8 would change it, and what is beside it goes', async () => {
  const sent = device.metrics.sent;
  const half = 'x\ud83dx';
  const all = await Promise.allSettled([
    device.send({ body: 'before', messageId: 'beside-1' }),
    device.send({ body: half }),
    device.send({ body: 'x', properties: { name: half } }),
    device.send({ body: 'x', messageId: half }),
    device.send({ body: 'behind', messageId: 'beside-2' }),
  ]);
  assert.deepEqual(
    all.map((one) => (one.status === 'rejected' ? one.reason.code : 'sent')),
    ['sent', 'argument', 'argument', 'argument', 'sent'],
  );
  assert.equal(device.metrics.sent - sent, 2);
  assert.equal(telemetry.get('beside-1').body, 'before');
  assert.equal(telemetry.get('beside-2').body, 'behind');
});

/** Messages that are refused. @type {[string, any, RegExp, string?][]} */
const MESSAGES = [
  [
    'properties in a Map',
    { body: 'x', properties: new Map([['a', 'b']]) },
    /"properties" is a Map; .*Object\.fromEntries/,
  ],
  [
    'properties in a URLSearchParams',
    { body: 'x', properties: new URLSearchParams('a=b') },
    /URLSearchParams; .*fromEntries/,
  ],
  [
    'properties in Headers',
    { body: 'x', properties: new Headers([['a', 'b']]) },
    /is a Headers; .*fromEntries/,
  ],
  ['properties in an array', { body: 'x', properties: [['a', 'b']] }, /is an array; /],
  ['properties in text', { body: 'x', properties: 'a=b' }, /is "a=b"; /],
  ['properties that are null', { body: 'x', properties: null }, /is null; /],
  [
    'a property that is a number',
    { body: 'x', properties: { n: 1 } },
    /"properties\.n" is 1; it takes a string: write String\(value\)/,
  ],
  ['a property that is an object', { body: 'x', properties: { n: {} } }, /"properties\.n" is an object; /],
  ['a property that is an array', { body: 'x', properties: { n: [] } }, /is an array; /],
  ['a property that is a bigint', { body: 'x', properties: { n: 1n } }, /is a bigint; /],
  ['a property that is undefined', { body: 'x', properties: { n: undefined } }, /is undefined; /],
  [
    'a misspelt field',
    { body: 'x', propertys: { a: 'b' } },
    /"propertys" is no field of a message: did you mean "properties"\?/,
  ],
  ['a field of another case', { body: 'x', messageID: 'm' }, /did you mean "messageId"\?/],
  ['a field that is like none', { body: 'x', zzz: 1 }, /"zzz" is no field of a message/],
  ['an option of send', { body: 'x', qos: 0 }, /"qos" is no field of a message/],
  [
    'an invalid Date',
    { body: 'x', creationTime: new Date(Number.NaN) },
    /"creationTime" is a Date; it takes a valid Date/,
  ],
  [
    'a word for a time',
    { body: 'x', creationTime: 'yesterday' },
    /"creationTime" is "yesterday"; .*ISO 8601/,
  ],
  [
    'a day that its month does not have',
    { body: 'x', creationTime: '2025-02-31T00:00:00Z' },
    /"2025-02-31T00:00:00Z"; /,
  ],
  ['the 29th of February in a common year', { body: 'x', creationTime: '2025-02-29' }, /ISO 8601/],
  ['a month too many', { body: 'x', creationTime: '2025-13-01T00:00:00Z' }, /ISO 8601/],
  ['an hour too many', { body: 'x', creationTime: '2025-01-01T25:00:00Z' }, /ISO 8601/],
  ['a number for a time', { body: 'x', creationTime: 5 }, /"creationTime" is 5; /],
  [
    'another encoding',
    { body: 'x', contentEncoding: 'latin1' },
    /"contentEncoding" is "latin1"; it takes utf-8, utf-16 or utf-32/,
  ],
  ['an id that is a number', { body: 'x', messageId: 7 }, /"messageId" is 7; it takes a string/],
  ['an id that is a Date', { body: 'x', messageId: new Date(0) }, /"messageId" is a Date; /],
  ['an id that is too long', { body: 'x', messageId: 'я'.repeat(129) }, /129 characters, the hub allows 128/],
  [
    'a mark that is text',
    { body: 'x', securityMessage: 'false' },
    /"securityMessage" is "false"; it takes true or false/,
  ],
  [
    'a body that is too large',
    { body: new Uint8Array(262_145) },
    /the hub allows 262144/,
    'message-too-large',
  ],
  ['text that is too large', { body: 'x'.repeat(262_145) }, /the hub allows 262144/, 'message-too-large'],
  [
    'properties that are too large',
    { body: 'x', properties: { a: 'x'.repeat(300_000) } },
    /262144/,
    'message-too-large',
  ],
];

for (const [name, message, says, code = 'argument'] of MESSAGES) {
  test(`a message is refused: ${name}`, async () => {
    const error = await failure(device.send(message));
    assert.ok(error instanceof IotHubError);
    assert.equal(error.code, code, error.message);
    assert.match(error.message, says);
  });
}

test('times and ids that are good', async () => {
  for (const [creationTime, expected] of /** @type {[any, string][]} */ ([
    [new Date('2024-02-29T01:02:03.004Z'), '2024-02-29T01:02:03.004Z'],
    [foreign("new Date('2024-02-29T01:02:03.004Z')"), '2024-02-29T01:02:03.004Z'],
    ['2024-02-29', '2024-02-29'],
    ['2024-02-29T01:02:03Z', '2024-02-29T01:02:03Z'],
    ['2024-02-29T01:02:03.1234567+01:00', '2024-02-29T01:02:03.1234567+01:00'],
  ])) {
    const event = await stored({ body: 'x', creationTime });
    assert.equal(event.systemProperties['iothub-creation-time-utc'], expected);
  }
  for (const contentEncoding of ['utf-8', 'UTF-16', 'utf-32'])
    assert.equal(
      (await stored({ body: 'x', contentEncoding })).systemProperties['content-encoding'],
      contentEncoding,
    );
  const id = 'я'.repeat(128);
  await device.send({ body: 'x', messageId: id });
  assert.ok(telemetry.has(id), 'an id is measured in characters');
});

test('a message of a hundred megabytes leaves no memory behind', async () => {
  const { memory } = await import('./memory.mjs');
  const before = (await memory()).length;
  for (const body of [new Uint8Array(1e8), new Uint8Array(2e8), 'x'.repeat(1e8)]) {
    const error = await failure(device.send({ body }));
    assert.equal(error.code, 'message-too-large');
  }
  assert.equal((await failure(device.updateReported({ text: 'x'.repeat(1e8) }))).code, 'twin-bad-request');
  const more = (await memory()).length - before;
  assert.ok(more < 4e6, `${more} bytes more`);
});
