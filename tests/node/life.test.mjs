/**
 * The life of a client: what a connect that fails leaves behind, how long one waits for the wasm, what the end leaves
 * to be read, and messages that wait for a listener. Against a hub within the process.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DeviceClient } from '../../pkg/node.js';
import { gc, memory } from './memory.mjs';
import { CREDENTIALS, failure, KEY, SmallSocket, smallHub, until, within } from './small-hub.mjs';

const QUICK = { backoff: { base: 1, cap: 1 }, takenOver: { after: 0 } };

/** @param {any} options @returns {Promise<any>} */
const connect = (options) =>
  within('connection', DeviceClient.connect(CREDENTIALS, { ...QUICK, ...options }));

/** An event target that counts who listens. */
class Scope extends EventTarget {
  listeners = 0;
  /** @override @param {any} args */
  addEventListener(...args) {
    this.listeners += 1;
    super.addEventListener(.../** @type {[any, any]} */ (args));
  }
  /** @override @param {any} args */
  removeEventListener(...args) {
    this.listeners -= 1;
    super.removeEventListener(.../** @type {[any, any]} */ (args));
  }
}

/** Ways for a connect to fail. @type {[string, (WebSocket: any) => any, string][]} */
const FAILURES = [
  ['refused by the hub', (WebSocket) => ({ WebSocket: answering(WebSocket, 5) }), 'unauthorized'],
  [
    'out of time',
    (WebSocket) => ({ WebSocket: answering(WebSocket, 3), connectTimeout: 20 }),
    'hub-unavailable',
  ],
  ['without a WebSocket class', () => ({ WebSocket: 'none' }), 'runtime'],
  [
    'aborted on its way',
    (WebSocket) => ({ WebSocket, signal: AbortSignal.timeout(1), connectTimeout: 500 }),
    'aborted',
  ],
  ['aborted by prepare', (WebSocket) => abortedByPrepare(WebSocket), 'aborted'],
  ['ended by a prepare that throws', (WebSocket) => ({ WebSocket, prepare: fails }), 'thrown'],
  [
    'closed by prepare',
    (WebSocket) => ({ WebSocket, prepare: (/** @type {any} */ device) => void device.close() }),
    'closed',
  ],
];

/** A hub that refuses. @param {any} WebSocket @param {number} code */
function answering(WebSocket, code) {
  WebSocket.record.returnCode = code;
  return WebSocket;
}

function fails() {
  throw Object.assign(new Error('of the application'), { code: 'thrown' });
}

/** @param {any} WebSocket */
function abortedByPrepare(WebSocket) {
  const control = new AbortController();
  return { WebSocket, signal: control.signal, prepare: () => control.abort() };
}

class Deaf extends SmallSocket {
  /** @override */
  answers() {}
}

for (const [name, optionsOf, code] of FAILURES)
  test(`a connect that is ${name} leaves no client, no listener and no key`, async () => {
    const scope = new Scope();
    class InPage extends /** @type {any} */ (DeviceClient) {
      static host = { .../** @type {any} */ (DeviceClient).host, scope: () => scope };
    }
    /** @type {WeakRef<any>[]} */
    const clients = [];
    // Another key than the one of all other tests.
    const key = Buffer.from(`only for: ${name}`.padEnd(32, '.')).toString('base64');
    const fail = async () => {
      const { WebSocket } = smallHub(name === 'aborted on its way' ? Deaf : SmallSocket);
      const { prepare, ...options } = optionsOf(WebSocket);
      const known = (/** @type {any} */ device) => {
        clients.push(new WeakRef(device));
        prepare?.(device);
      };
      const connecting = InPage.connect(CREDENTIALS.replace(KEY, key), {
        ...QUICK,
        ...options,
        prepare: known,
      });
      assert.equal((await failure(connecting)).code, code);
    };
    for (let times = 0; times < 20; times += 1) await fail();
    await until('every client is collected', () => {
      gc();
      return clients.length === 20 && clients.every((client) => client.deref() === undefined);
    });
    assert.equal(scope.listeners, 0);
    const bytes = await memory();
    assert.ok(!Buffer.from(bytes.buffer).includes(Buffer.from(key, 'base64')), 'the key is still in memory');
  });

test('a will that is refused leaves no listener and no key', async () => {
  const scope = new Scope();
  class InPage extends /** @type {any} */ (DeviceClient) {
    static host = { .../** @type {any} */ (DeviceClient).host, scope: () => scope };
  }
  const { WebSocket } = smallHub();
  const key = Buffer.from('only for a refused will'.padEnd(32, '.'));
  const credentials = CREDENTIALS.replace(KEY, key.toString('base64'));
  const will = { body: 'x', properties: { '': 'no name' } };
  assert.equal((await failure(InPage.connect(credentials, { WebSocket, will }))).code, 'property-name');
  assert.equal(scope.listeners, 0);
  assert.ok(!Buffer.from((await memory()).buffer).includes(key), 'the key is still in memory');
});

test('a signal that is aborted already lets nothing begin', async () => {
  const { WebSocket, record } = smallHub();
  let prepared = 0;
  const prepare = () => {
    prepared += 1;
  };
  const error = await failure(connect({ WebSocket, signal: AbortSignal.abort('why'), prepare }));
  assert.deepEqual([error.code, error.cause, prepared, record.sockets.length], ['aborted', 'why', 0, 0]);
});

test('a device that has stopped is freed, and says why for ever', async () => {
  const { WebSocket, record } = smallHub();
  const scope = new Scope();
  class InPage extends /** @type {any} */ (DeviceClient) {
    static host = { .../** @type {any} */ (DeviceClient).host, scope: () => scope };
  }
  const device = await InPage.connect(CREDENTIALS, { ...QUICK, WebSocket });
  await device.send({ body: 'x' });
  assert.ok(scope.listeners > 0);
  record.returnCode = 2;
  const states = statuses(device);
  record.sockets[0]?.cut();
  await until('the end', () => device.state === 'disconnected');
  await until('the listeners are off', () => scope.listeners === 0);
  for (const call of [device.send({ body: 'y' }), device.getTwin(), device.updateReported({ a: 1 })]) {
    const { code, message, retryable } = await failure(call);
    assert.deepEqual([code, retryable], ['hub-refused', false]);
    assert.match(message, /CONNACK 2/);
  }
  assert.deepEqual([device.metrics.sent, device.metrics.acked], [1, 1]);
  await device.close();
  await device.close();
  assert.deepEqual(states, ['reconnecting network', 'disconnected hub-refused', 'closed closed']);
  assert.equal((await failure(device.send({ body: 'z' }))).code, 'hub-refused');
});

/** @param {any} device @returns {string[]} */
function statuses(device) {
  /** @type {string[]} */
  const seen = [];
  device.addEventListener('status', (/** @type {any} */ { state, reason }) =>
    seen.push(`${state} ${reason}`),
  );
  return seen;
}

test('what was sent in the turn of the end settles too', async () => {
  const { WebSocket, record } = smallHub();
  const device = await connect({ WebSocket });
  record.returnCode = 2;
  /** @type {Promise<any>[]} */
  const calls = [];
  device.addEventListener('status', (/** @type {any} */ { state }) => {
    if (state === 'disconnected') calls.push(failure(device.send({ body: 'x' })));
  });
  record.sockets[0]?.cut();
  await until('the second connection', () => record.sockets.length === 2);
  while (device.state !== 'disconnected') {
    calls.push(failure(device.send({ body: 'x' })));
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (const { code } of await Promise.all(calls)) assert.equal(code, 'hub-refused');
});

test('metrics keep their last figures after close', async () => {
  const { WebSocket } = smallHub();
  const device = await connect({ WebSocket });
  await Promise.all([1, 2, 3].map(() => device.send({ body: 'x' })));
  await device.close();
  const { roundTripMs, ...figures } = device.metrics;
  assert.deepEqual(figures, { queued: 0, inFlight: 0, sent: 3, acked: 3, resent: 0, reconnects: 0 });
  assert.ok(roundTripMs >= 0);
});

/** A client whose wasm never comes. */
class Stalled extends /** @type {any} */ (DeviceClient) {
  static host = { .../** @type {any} */ (DeviceClient).host, load: () => new Promise(() => {}) };
}

test('connect ends at its time-out also while the wasm is loaded', async () => {
  const { code, retryable } = await failure(Stalled.connect(CREDENTIALS, { connectTimeout: 30 }));
  assert.deepEqual([code, retryable], ['timeout', true]);
});

test('connect ends by its signal also while the wasm is loaded', async () => {
  const control = new AbortController();
  const connecting = failure(Stalled.connect(CREDENTIALS, { signal: control.signal }));
  control.abort('enough');
  const { code, cause } = await connecting;
  assert.deepEqual([code, cause], ['aborted', 'enough']);
});

test('a signal gets one listener for all calls of a client, and none when they have ended', async () => {
  const { WebSocket } = smallHub();
  const device = await connect({ WebSocket });
  const control = new AbortController();
  let [on, most] = [0, 0];
  const { addEventListener, removeEventListener } = EventTarget.prototype;
  const signal = Object.assign(control.signal, {
    addEventListener: (/** @type {any[]} */ ...args) => {
      on += 1;
      most = Math.max(most, on);
      addEventListener.call(control.signal, .../** @type {[any, any]} */ (args));
    },
    removeEventListener: (/** @type {any[]} */ ...args) => {
      on -= 1;
      removeEventListener.call(control.signal, .../** @type {[any, any]} */ (args));
    },
  });
  await Promise.all(Array.from({ length: 20 }, () => device.send({ body: 'x' }, { signal })));
  assert.deepEqual([most, on], [1, 0]);
  const calls = [device.getTwin({ signal }), device.getTwin({ signal })].map(failure);
  control.abort('no');
  assert.deepEqual(
    (await Promise.all(calls)).map(({ code, cause }) => [code, cause]),
    [
      ['aborted', 'no'],
      ['aborted', 'no'],
    ],
  );
  assert.equal(on, 0);
  await device.close();
});

/** Ways for the last `packet` listener to leave. @type {[string, (device: any, seen: () => void) => () => unknown][]} */
const LEAVES = [
  [
    'is taken off',
    (device, seen) => {
      device.addEventListener('packet', seen);
      return () => device.removeEventListener('packet', seen);
    },
  ],
  [
    'was for once',
    (device, seen) => {
      device.addEventListener('packet', seen, { once: true });
      return () => {};
    },
  ],
  [
    'has its signal aborted',
    (device, seen) => {
      const control = new AbortController();
      device.addEventListener('packet', seen, { signal: control.signal });
      return () => control.abort();
    },
  ],
];

for (const [name, listen] of LEAVES)
  test(`packets are not raised any more when the last listener ${name}, and again for a new one`, async () => {
    const { WebSocket } = smallHub();
    const device = await connect({ WebSocket });
    let raised = 0;
    const dispatchEvent = device.dispatchEvent.bind(device);
    device.dispatchEvent = (/** @type {Event} */ event) => {
      if (event.type === 'packet') raised += 1;
      return dispatchEvent(event);
    };
    let heard = 0;
    const leave = listen(device, () => {
      heard += 1;
    });
    await device.send({ body: 'x' });
    assert.ok(heard > 0);
    leave();
    raised = 0;
    await Promise.all(Array.from({ length: 50 }, () => device.send({ body: 'x' })));
    assert.ok(raised <= 1, `${raised} events for nobody`);
    heard = 0;
    device.addEventListener('packet', () => {
      heard += 1;
    });
    await device.send({ body: 'x' });
    assert.equal(heard, 2, 'a PUBLISH and its PUBACK');
    await device.close();
  });

test('an event of the application does not disturb its listeners', async () => {
  const { WebSocket } = smallHub();
  const device = await connect({ WebSocket });
  /** @type {string[]} */
  const seen = [];
  for (const type of ['message', 'packet', 'status'])
    device.addEventListener(type, { handleEvent: (/** @type {Event} */ event) => seen.push(event.type) });
  for (const type of ['message', 'packet', 'status']) device.dispatchEvent(new Event(type));
  assert.deepEqual(seen, ['message', 'packet', 'status']);
  await device.close();
});
