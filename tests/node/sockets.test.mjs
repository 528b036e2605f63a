/**
 * Sockets at the border: whatever a class does within a call, whatever it keeps, however it ends, the client works and
 * keeps nothing. A hub within the process (`small-hub.mjs`) makes a thousand connections a matter of a second.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import vm from 'node:vm';
import { DeviceClient } from '../../pkg/node.js';
import { gc, memory } from './memory.mjs';
import { CREDENTIALS, SmallSocket, smallHub, until, within } from './small-hub.mjs';

const QUICK = { backoff: { base: 1, cap: 1 }, takenOver: { after: 0 } };

/** @param {any} options @returns {Promise<any>} */
const connect = (options) =>
  within('connection', DeviceClient.connect(CREDENTIALS, { ...QUICK, ...options }));

test('a thousand connections that the other side cuts leave one socket, its listeners, and no more memory', async () => {
  const { WebSocket, record } = smallHub();
  const device = await connect({ WebSocket });
  /** @param {number} times */
  const cuts = async (times) => {
    for (let left = times; left > 0; left -= 1) {
      const { reconnects } = device.metrics;
      record.sockets.at(-1)?.cut();
      await until('a new connection', () => device.metrics.reconnects > reconnects);
    }
  };
  await cuts(200);
  const before = { listeners: record.listeners, memory: (await memory()).byteLength };
  const gone = record.sockets.splice(0, record.sockets.length - 1).map((socket) => new WeakRef(socket));
  await cuts(1_000);
  record.sockets.splice(0, record.sockets.length - 1);
  assert.equal(record.listeners, before.listeners);
  assert.equal((await memory()).byteLength, before.memory);
  await collected('the sockets', gone);
  record.asked = 0;
  await device.send({ body: 'x' });
  assert.ok(record.asked <= 2, `${record.asked} sockets were asked for what they hold`);
  await device.close();
});

/** @param {string} what @param {WeakRef<any>[]} references */
async function collected(what, references) {
  await until(`${what} are collected`, () => {
    gc();
    return references.every((reference) => reference.deref() === undefined);
  });
}

/** @type {any} */
let current;

/** Looks at the device whenever it is called. */
class Curious extends SmallSocket {
  /** @param {string} url */
  constructor(url) {
    super(url);
    void current?.metrics;
    void current?.send({ body: 'from the constructor' }).catch(() => {});
  }
  /** @override @param {Uint8Array} bytes */
  send(bytes) {
    void current?.metrics;
    super.send(bytes);
  }
  /** @override */
  get bufferedAmount() {
    return current?.metrics.queued * 0;
  }
  /** @override */
  close() {
    void current?.metrics;
    super.close();
  }
}

test('a class may ask the device from within its constructor, send, bufferedAmount and close', async () => {
  const { WebSocket, record } = smallHub(Curious);
  const prepare = (/** @type {any} */ device) => {
    current = device;
  };
  const device = await connect({ WebSocket, prepare });
  await Promise.all(Array.from({ length: 100 }, (_, n) => device.send({ body: `${n}` })));
  record.sockets.at(-1)?.cut();
  await within('a send on the next connection', device.send({ body: 'after' }));
  await device.close();
  assert.deepEqual([record.garbage, device.state], [0, 'closed']);
  assert.ok(record.bodies.includes('from the constructor') && record.bodies.includes('after'));
});

/** Is open at once, and answers within `send`. */
class Prompt extends SmallSocket {
  /** @override */
  readyState = 1;
  /** @override */
  opens() {}
  /** @override @param {any} data */
  says(data) {
    this.raises(data);
  }
}

test('a class may be open at once and answer within send', async () => {
  const { WebSocket, record } = smallHub(Prompt);
  const device = await connect({ WebSocket });
  device.addEventListener('message', () => {});
  const bodies = Array.from({ length: 3_000 }, (_, n) => `${n}`);
  await within('every PUBACK', Promise.all(bodies.map((body) => device.send({ body }))));
  assert.deepEqual(record.bodies, bodies);
  await device.close();
});

test('a class may raise its close within send, and the device is closed from within a socket', async () => {
  /** @type {Promise<void> | undefined} */
  let closing;
  class Brittle extends Prompt {
    /** @override @param {Uint8Array} bytes */
    send(bytes) {
      if (this.hub.sockets.length === 2 && !closing) closing = current.close({ drain: 0 });
      if (this.hub.sockets.length === 1 && (bytes[0] ?? 0) >> 4 === 3) return this.cut(1011);
      super.send(bytes);
    }
  }
  const { WebSocket } = smallHub(Brittle);
  current = await connect({ WebSocket });
  await assert.rejects(within('an end', current.send({ body: 'x' })), { code: 'closed' });
  await within('the close', Promise.resolve(closing));
  assert.equal(current.state, 'closed');
});

/** Keeps what it is handed, and looks at it in a later turn: jsdom, compression, a wrapper that waits. */
class Late extends SmallSocket {
  /** @override @param {Uint8Array} bytes */
  send(bytes) {
    setImmediate(() => super.send(bytes));
  }
}

test('a class that keeps what it is handed finds it unchanged', async () => {
  const { WebSocket, record } = smallHub(Late);
  const device = await connect({ WebSocket });
  const bodies = Array.from({ length: 500 }, (_, n) => `${n} `.repeat(300));
  for (const body of bodies) {
    void device.send({ body });
    await undefined;
  }
  await within('all bodies', device.send({ body: 'last' }));
  assert.equal(record.garbage, 0);
  assert.deepEqual(record.bodies, [...bodies, 'last']);
  await device.close();
});

test('what is native is handed the bytes as they are, whatever it is called', async () => {
  /** @type {boolean[]} */
  const inWasm = [];
  const { WebSocket } = smallHub();
  const { buffer } = await memory();
  const look = (/** @type {Uint8Array} */ bytes) => inWasm.push(bytes.buffer === buffer);
  class Native extends WebSocket {
    constructor(/** @type {any} */ url) {
      super(url);
      const send = (/** @type {Uint8Array} */ bytes) => {
        look(bytes);
        super.send(bytes);
      };
      // As engines write their own functions.
      send.toString = () => 'function send() { [native code] }';
      /** @type {any} */ (this).send = send;
    }
  }
  await (await connect({ WebSocket: Native })).close();
  assert.ok(inWasm.length > 0 && inWasm.every(Boolean));
  const seen = inWasm.splice(0).length;
  class Wrapped extends WebSocket {
    send(/** @type {Uint8Array} */ bytes) {
      look(bytes);
      /** @type {any} */ (SmallSocket.prototype.send).call(this, bytes);
    }
  }
  await (await connect({ WebSocket: Wrapped })).close();
  assert.deepEqual(inWasm, Array(seen).fill(false));
});

/** Gives its bytes as another realm does, or as a view. @type {[string, (data: ArrayBuffer) => any][]} */
const FORMS = [
  ['an ArrayBuffer of another realm', (data) => foreign(data)],
  ['a view of a larger buffer', (data) => Buffer.concat([Buffer.alloc(3), Buffer.from(data)]).subarray(3)],
];

/** @param {ArrayBuffer} data */
function foreign(data) {
  const made = vm.runInNewContext(`new ArrayBuffer(${data.byteLength})`);
  assert.ok(!(made instanceof ArrayBuffer));
  new Uint8Array(made).set(new Uint8Array(data));
  return made;
}

for (const [name, form] of FORMS)
  test(`a class that gives ${name} is heard`, async () => {
    class Other extends SmallSocket {
      /** @override @param {any} data */
      raises(data) {
        super.raises('5'); // a text frame is no MQTT, and does no harm
        super.raises(form(data));
      }
    }
    const { WebSocket } = smallHub(Other);
    const device = await connect({ WebSocket });
    await within('the PUBACK', device.send({ body: 'x' }));
    await device.close();
  });

test('the close code is told that comes behind an error, and what the error said', async () => {
  const { WebSocket, record } = smallHub();
  const device = await connect({ WebSocket });
  const told = new Promise((resolve) => {
    device.addEventListener('status', (/** @type {any} */ { detail }) => resolve(detail), { once: true });
  });
  const [socket] = record.sockets;
  socket?.cut(1009, () => {
    socket.dispatchEvent(Object.assign(new Event('error'), { message: 'frame too large' }));
  });
  assert.match(String(await within('the status', told)), /close code 1009: frame too large/);
  await device.close();
});

test('an error without a close ends the connection all the same', async () => {
  const { WebSocket, record } = smallHub();
  const device = await connect({ WebSocket });
  record.sockets[0]?.dispatchEvent(new Event('error'));
  await until('another connection', () => device.metrics.reconnects === 1);
  await device.close();
});

test('a constructor that throws is told in its own words', async () => {
  class Blocked {
    constructor() {
      throw new Error('blocked by the policy of this page');
    }
  }
  const connecting = DeviceClient.connect(CREDENTIALS, {
    WebSocket: /** @type {any} */ (Blocked),
    connectTimeout: 50,
  });
  await assert.rejects(connecting, { code: 'network', message: /blocked by the policy of this page/ });
});
