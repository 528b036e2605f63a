/**
 * What calls are given beside their values: credentials, options, signals, names. All is read while the call is made,
 * and what is misspelt or out of its range is refused with its name, its value and what it takes.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DeviceClient, IotHubError } from '../../pkg/node.js';
import { CREDENTIALS, failure, KEY, SmallSocket, smallHub, within } from './small-hub.mjs';

const PARTS = { host: 'h.azure-devices.net', deviceId: 'd', key: KEY };

/** @param {any} credentials @param {any} [options] @returns {Promise<any>} */
const connect = (credentials, options) =>
  within('connection', DeviceClient.connect(credentials, { WebSocket: smallHub().WebSocket, ...options }));

/** @param {Promise<unknown>} promise @param {RegExp} says @param {string} [code] */
async function refuses(promise, says, code = 'argument') {
  const error = await failure(promise);
  assert.ok(error instanceof IotHubError, String(error));
  assert.equal(error.code, code, error.message);
  assert.match(error.message, says);
}

/** Credentials that are refused. @type {[string, any, RegExp, string?][]} */
const CREDENTIAL_FAULTS = [
  ['undefined', undefined, /no connection string was given \(undefined\): is the environment variable set\?/],
  ['null', null, /was given \(null\)/],
  ['a number', 5, /was given \(5\)/],
  ['a function', () => 'token', /was given \(a function\)/],
  [
    'the name of the connection string',
    { hostName: 'h.x', deviceId: 'd', key: KEY },
    /"hostName" is no field of the credentials: did you mean "host"\?/,
  ],
  [
    'a long name',
    { host: 'h.x', deviceId: 'd', sharedAccessKey: KEY },
    /"sharedAccessKey" .* did you mean "key"\?/,
  ],
  ['a name like none', { ...PARTS, zzz: 1 }, /"zzz" is no field of the credentials: see the types/],
  ['a token that is text', { host: 'h.x', deviceId: 'd', token: 'x' }, /"token" is "x"; it takes a function/],
  ['port 0', { ...PARTS, host: 'localhost', useLocalHub: true, port: 0 }, /"port".*1 to 65535/],
  ['port NaN', { ...PARTS, host: 'localhost', useLocalHub: true, port: Number.NaN }, /"port".*1 to 65535/],
  ['port 65536', { ...PARTS, host: 'localhost', useLocalHub: true, port: 65_536 }, /"port".*1 to 65535/],
  [
    'a port that is text',
    { ...PARTS, host: 'localhost', useLocalHub: true, port: '80' },
    /"port".*1 to 65535/,
  ],
  ['a host that is a number', { ...PARTS, host: 5 }, /"host" .*not a string/],
  ['a flag that is text', { ...PARTS, useLocalHub: 'true' }, /"useLocalHub" .*not true or false/],
  [
    'placeholders',
    'HostName=…;DeviceId=…;SharedAccessKey=…',
    /"HostName" is a placeholder still/,
    'connection-string',
  ],
  [
    'a placeholder in angles',
    `HostName=<hub>;DeviceId=d;SharedAccessKey=${KEY}`,
    /"HostName" is a placeholder/,
    'connection-string',
  ],
  [
    'a placeholder in braces',
    `HostName=h.x;DeviceId={id};SharedAccessKey=${KEY}`,
    /"DeviceId" is a placeholder/,
    'connection-string',
  ],
];

for (const [name, credentials, says, code] of CREDENTIAL_FAULTS) {
  test(`credentials are refused: ${name}`, () => refuses(connect(credentials), says, code));
}

/** Every option that is a number, and what it takes. @type {[string, number, number][]} */
const NUMBERS = [
  ['tokenLifeSeconds', 1, 2_147_483_647],
  ['keepAliveSeconds', 1, 1177],
  ['pingAfter', 1, 2_147_483_647],
  ['pingTimeout', 1, 2_147_483_647],
  ['ackTimeout', 1, 2_147_483_647],
  ['openTimeout', 1, 2_147_483_647],
  ['connackTimeout', 1, 2_147_483_647],
  ['drainTimeout', 0, 2_147_483_647],
  ['twinTimeout', 1, 2_147_483_647],
  ['bufferedHighWater', 1, 2_147_483_647],
  ['backoff.base', 1, 2_147_483_647],
  ['backoff.cap', 1, 2_147_483_647],
  ['throttled.base', 1, 2_147_483_647],
  ['throttled.cap', 1, 2_147_483_647],
  ['takenOver.after', 0, 2_147_483_647],
  ['takenOver.base', 1, 2_147_483_647],
  ['takenOver.cap', 1, 2_147_483_647],
  ['outbox.messages', 1, 2_147_483_647],
  ['outbox.bytes', 1, 2_147_483_647],
  ['window.messages', 1, 32_767],
  ['window.bytes', 1, 2_147_483_647],
];

/** @param {string} name @param {any} value */
function option(name, value) {
  const [part = '', field] = name.split('.');
  if (field === undefined) return { [part]: value };
  // The partner goes along, so that its default is not the fault.
  const partner = field === 'base' ? { cap: 2_147_483_647 } : field === 'cap' ? { base: 1 } : {};
  return { [part]: { ...partner, [field]: value } };
}

for (const [name, least, most] of NUMBERS) {
  test(`the option ${name} takes ${least} to ${most}`, async () => {
    for (const value of [least, most])
      await (await connect(CREDENTIALS, option(name, value))).close({ drain: 0 });
    /** @type {[any, string][]} */
    const wrong = [
      [least - 1, String(least - 1)],
      [most + 1, String(most + 1)],
      [-500, '-500'],
      [1.5, '1.5'],
      [Number.NaN, '"NaN"'],
      [Number.POSITIVE_INFINITY, '"Infinity"'],
      [7n, '"a bigint"'],
      ['7', '"7"'],
      [true, 'of another type'],
      [new Map(), '"a Map"'],
    ];
    for (const [value, shown] of wrong) {
      const error = await failure(connect(CREDENTIALS, option(name, value)));
      assert.equal(error.code, 'argument', `${name} ${String(value)}: ${error.message}`);
      assert.equal(
        error.message,
        `the option "${name}" is ${shown}; it takes a whole number from ${least} to ${most}`,
      );
    }
    await (await connect(CREDENTIALS, option(name, undefined))).close({ drain: 0 });
  });
}

/** Other options that are refused. @type {[string, any, RegExp][]} */
const OPTION_FAULTS = [
  ['a misspelt one', { keepAlive: 5 }, /"keepAlive" is no field of the options/],
  ['a misspelt part', { outbox: { message: 5 } }, /"message" is no field of the options/],
  ['a part that is a Map', { outbox: new Map([['messages', 5]]) }, /"outbox" .*not an object/],
  ['a part that is a number', { window: 5 }, /"window" .*not an object/],
  ['a cap below its base', { backoff: { base: 100, cap: 50 } }, /"backoff\.cap" .*not as long as its "base"/],
  ['a wrong word', { outbox: { whenFull: 'drop' } }, /"outbox\.whenFull"/],
  ['a flag that is a number', { cleanSession: 1 }, /"cleanSession" .*not true or false/],
  ['a text that is a number', { modelId: 5 }, /"modelId" .*not a string/],
  ['connectTimeout 0', { connectTimeout: 0 }, /"connectTimeout" is 0; it takes milliseconds, 1 or more/],
  ['connectTimeout NaN', { connectTimeout: Number.NaN }, /"connectTimeout" is NaN; /],
  ['connectTimeout of text', { connectTimeout: '5' }, /"connectTimeout" is "5"; /],
  ['connectTimeout of a bigint', { connectTimeout: 5n }, /"connectTimeout" is a bigint; /],
  ['a signal that is none', { signal: {} }, /"signal" is an object; it takes an AbortSignal/],
  ['a controller for its signal', { signal: new AbortController() }, /"signal" is an AbortController; /],
  ['prepare that is none', { prepare: 5 }, /"prepare" is 5; it takes a function/],
  ['a will without body', { will: {} }, /a "body"/],
  ['a will with a misspelt field', { will: { body: 'x', messageID: 'm' } }, /did you mean "messageId"/],
  ['a will that JSON would change', { will: { body: { t: Number.NaN } } }, /the body's "t" is NaN/],
];

for (const [name, options, says] of OPTION_FAULTS) {
  test(`options are refused: ${name}`, () => refuses(connect(CREDENTIALS, options), says));
}

test('options that are none are refused, and null is like nothing', async () => {
  await refuses(
    DeviceClient.connect(CREDENTIALS, /** @type {any} */ (5)),
    /options is 5; it takes an object/,
  );
  const device = await connect(CREDENTIALS, {
    signal: null,
    connectTimeout: null,
    backoff: null,
    pingAfter: null,
  });
  await device.close();
});

test('a device is made by connect, and says so', () => {
  const Made = /** @type {any} */ (DeviceClient);
  assert.throws(
    () => new Made(),
    (error) => error instanceof IotHubError && /DeviceClient\.connect/.test(error.message),
  );
  assert.throws(() => new Made(CREDENTIALS, {}), /DeviceClient\.connect/);
});

test('credentials, options, messages and wills are read while the call is made', async () => {
  const { WebSocket, record } = smallHub(KeepsConnects);
  const credentials = { ...PARTS, deviceId: 'one' };
  const will = { body: new Uint8Array([49]) };
  const options = { WebSocket, will, backoff: { base: 5, cap: 5 } };
  const first = DeviceClient.connect(credentials, options);
  credentials.deviceId = 'two';
  will.body[0] = 50;
  options.backoff.base = -1;
  const second = DeviceClient.connect(credentials, { WebSocket });
  credentials.deviceId = 'three';
  const devices = await within('connections', Promise.all([first, second]));
  const [one, two] = /** @type {any} */ (record).connects;
  // A text has its length before it.
  for (const text of ['\0\u0003one', 'devices/one/messages/events/\0\u00011'])
    assert.ok(one.includes(text), one.toString('latin1'));
  assert.ok(two.includes('\0\u0003two'), two.toString('latin1'));
  await Promise.all(devices.map((device) => device.close()));
});

class KeepsConnects extends SmallSocket {
  /** @override @param {number} type @param {number} flags @param {Uint8Array} body */
  answers(type, flags, body) {
    this.hub.connects ??= [];
    if (type === 1) this.hub.connects.push(Buffer.from(body));
    super.answers(type, flags, body);
  }
}

test('sendOnce sends what its list held when it was called', async () => {
  const { WebSocket, record } = smallHub();
  const bytes = new Uint8Array([97]);
  const list = [{ body: 'first' }, { body: bytes }];
  const sent = DeviceClient.sendOnce(CREDENTIALS, list, { WebSocket });
  bytes[0] = 98;
  list.length = 0;
  list.push({ body: 'second' });
  await within('sendOnce', sent);
  assert.deepEqual(record.bodies, ['first', 'a']);
});

/** What is no list of messages. @type {[string, any, RegExp][]} */
const NO_LISTS = [
  ['one message', { body: 'single' }, /what sendOnce sends is an object; it takes a list/],
  ['text', 'text', /is "text"; it takes a list/],
  ['nothing', undefined, /is undefined; /],
  ['an async generator', (async function* () {})(), /it takes a list/],
  ['a stream', new ReadableStream(), /is a ReadableStream; /],
  ['a list with a message without body', [{ body: 'x' }, { text: 'no body' }], /a "body"/],
];

for (const [name, messages, says] of NO_LISTS) {
  test(`sendOnce refuses ${name}, and connects nobody`, async () => {
    const { WebSocket, record } = smallHub();
    await refuses(DeviceClient.sendOnce(CREDENTIALS, messages, { WebSocket }), says);
    assert.equal(record.sockets.length, 0);
  });
}

test('sendOnce with a list that throws midway leaves no promise behind', async () => {
  const { WebSocket, record } = smallHub();
  const unhandled = /** @type {unknown[]} */ ([]);
  const note = (/** @type {unknown} */ error) => unhandled.push(error);
  process.on('unhandledRejection', note);
  const list = (function* () {
    yield { body: 'x' };
    throw new Error('sensor');
  })();
  assert.equal((await failure(DeviceClient.sendOnce(CREDENTIALS, list, { WebSocket }))).message, 'sensor');
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', note);
  assert.deepEqual([unhandled, record.sockets.length], [[], 0]);
});

/** Options of calls that are refused. @type {[string, (device: any) => Promise<unknown>, RegExp, string?][]} */
const CALL_FAULTS = [
  [
    'send with qos 2',
    (device) => device.send({ body: 'x' }, { qos: 2 }),
    /qos is 2; .*QoS 2/,
    'quality-of-service',
  ],
  [
    'send with qos NaN',
    (device) => device.send({ body: 'x' }, { qos: Number.NaN }),
    /qos is NaN; /,
    'quality-of-service',
  ],
  [
    'send with qos 0.9',
    (device) => device.send({ body: 'x' }, { qos: 0.9 }),
    /qos is 0.9; /,
    'quality-of-service',
  ],
  [
    'send with qos of text',
    (device) => device.send({ body: 'x' }, { qos: '1' }),
    /qos is "1"; /,
    'quality-of-service',
  ],
  [
    'send with a signal that is none',
    (device) => device.send({ body: 'x' }, { signal: {} }),
    /"signal" is an object; /,
  ],
  [
    'send with timeout NaN',
    (device) => device.send({ body: 'x' }, { timeout: Number.NaN }),
    /"timeout" is NaN; /,
  ],
  [
    'send with a timeout of text',
    (device) => device.send({ body: 'x' }, { timeout: '5' }),
    /"timeout" is "5"; /,
  ],
  [
    'send with a timeout of a bigint',
    (device) => device.send({ body: 'x' }, { timeout: 5n }),
    /"timeout" is a bigint; /,
  ],
  [
    'send with a misspelt option',
    (device) => device.send({ body: 'x' }, { timout: 5 }),
    /"timout" .*did you mean "timeout"\?/,
  ],
  [
    'send with a number for options',
    (device) => device.send({ body: 'x' }, 5),
    /options is 5; it takes an object/,
  ],
  ['getTwin with timeout NaN', (device) => device.getTwin({ timeout: Number.NaN }), /"timeout" is NaN; /],
  ['getTwin with a misspelt option', (device) => device.getTwin({ sgnal: 5 }), /"sgnal" is no field/],
  ['getTwin with a signal that is none', (device) => device.getTwin({ signal: 'x' }), /"signal" is "x"; /],
  [
    'updateReported with a timeout of text',
    (device) => device.updateReported({}, { timeout: '5' }),
    /"timeout" is "5"; /,
  ],
  ['close with drain NaN', (device) => device.close({ drain: Number.NaN }), /"drain" is NaN; /],
  ['close with a misspelt option', (device) => device.close({ drian: 5 }), /did you mean "drain"\?/],
  [
    'parseConnectionString of nothing',
    () => DeviceClient.parseConnectionString(/** @type {any} */ (undefined)),
    /no connection string was given/,
  ],
];

test('options of calls are checked before anything is begun', async () => {
  const { WebSocket, record } = smallHub();
  const device = await connect(CREDENTIALS, { WebSocket });
  for (const [name, call, says, code] of CALL_FAULTS) {
    await refuses(call(device), says, code).catch((error) => assert.fail(`${name}: ${error.message}`));
  }
  await device.send({ body: 'good' }, null);
  await device.send({ body: 'better' }, { timeout: null, signal: undefined, qos: 1 });
  assert.deepEqual(record.bodies, ['good', 'better'], 'nothing of what was refused has left');
  await device.close();
});

test('a time that is over already rejects at once, in every call', async () => {
  const device = await connect(CREDENTIALS, { WebSocket: smallHub(Silent).WebSocket });
  for (const timeout of [0, -1, -500, Number.NEGATIVE_INFINITY]) {
    await refuses(device.send({ body: 'x' }, { timeout }), /./, 'timeout');
    await refuses(device.getTwin({ timeout }), /./, 'timeout');
    await refuses(device.updateReported({ a: 1 }, { timeout }), /./, 'timeout');
  }
  await device.close({ drain: -1 });
});

/** Connects, and answers nothing else. */
class Silent extends SmallSocket {
  /** @override @param {number} type @param {number} flags @param {Uint8Array} body */
  answers(type, flags, body) {
    if (type === 1) super.answers(type, flags, body);
  }
}

test('a signal that is aborted while the message is read stops the send', async () => {
  const { WebSocket, record } = smallHub();
  const device = await connect(CREDENTIALS, { WebSocket });
  for (const spring of [
    (/** @type {AbortController} */ control) => ({
      get body() {
        control.abort();
        return 'x';
      },
    }),
    (/** @type {AbortController} */ control) => ({ body: { toJSON: () => control.abort() ?? 'x' } }),
  ]) {
    const control = new AbortController();
    await refuses(device.send(spring(control), { signal: control.signal }), /aborted/, 'aborted');
  }
  assert.deepEqual(record.bodies, []);
  await device.close();
});

test('method names and handlers are checked, and an off function takes off its own handler only', async () => {
  const device = await connect(CREDENTIALS);
  for (const name of ['', 'a+b', 'a#b', 'a\0b', 'x'.repeat(70_000), 5, undefined, null]) {
    assert.throws(
      () => device.onMethod(name, () => 1),
      (error) => error instanceof IotHubError && error.code === 'argument',
    );
  }
  assert.throws(() => device.onMethod('a'), /handler is undefined; it takes a function/);
  const handler = () => 1;
  const off = device.onMethod('a', handler);
  off();
  device.onMethod('a', handler);
  off();
  assert.throws(
    () => device.onMethod('a', handler),
    /has a handler already/,
    'the second one is there still',
  );
  await device.close();
});

test('listeners of names that every object has are listeners like others', async () => {
  const device = await connect(CREDENTIALS);
  for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
    let heard = 0;
    device.addEventListener(name, () => (heard += 1));
    device.dispatchEvent(new Event(name));
    assert.equal(heard, 1, name);
  }
  await device.close();
});
