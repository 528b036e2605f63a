/** Cloud-to-device messages that wait for a listener, and what their acknowledgement waits for. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DeviceClient } from '../../pkg/node.js';
import { CREDENTIALS, SmallSocket, smallHub, until, within } from './small-hub.mjs';

const QUICK = { backoff: { base: 1, cap: 1 }, takenOver: { after: 0 } };

/** Sends messages, and keeps which were acknowledged. */
class Sending extends SmallSocket {
  /** @type {number[]} */
  acked = [];

  /** @param {number} id @param {string} body */
  sends(id, body) {
    const topic = Buffer.from('devices/d/messages/devicebound/');
    const content = Buffer.concat([Buffer.of(0, topic.length), topic, Buffer.of(0, id), Buffer.from(body)]);
    this.raises(new Uint8Array(Buffer.concat([Buffer.of(0x32, content.length), content])).buffer);
  }

  /** @override @param {number} type @param {number} flags @param {Uint8Array} body */
  answers(type, flags, body) {
    if (type === 4) this.acked.push(body[1] ?? 0);
    else super.answers(type, flags, body);
  }
}

/** @param {any} [options] @param {typeof Sending} [Class] @returns {Promise<{ device: any, sockets: Sending[] }>} */
async function connected(options = {}, Class = Sending) {
  const { WebSocket, record } = smallHub(Class);
  const device = await within(
    'connection',
    DeviceClient.connect(CREDENTIALS, { ...QUICK, ...options, WebSocket }),
  );
  return { device, sockets: /** @type {any} */ (record.sockets) };
}

/** What a listener heard. @param {any} device @param {any} [options] @returns {string[]} */
function listen(device, options) {
  /** @type {string[]} */
  const heard = [];
  const listener = (/** @type {any} */ { message }) => void heard.push(message.text());
  device.addEventListener('message', listener, options);
  return heard;
}

/** Only its first socket opens: no renewal comes to its end. */
class OneConnection extends Sending {
  /** @override */
  opens() {
    if (this.hub.sockets[0] === this) super.opens();
    else this.cut();
  }
}

test('a renewal that is delayed leaves messages waiting, and the row of acknowledgements whole', async () => {
  const { device, sockets } = await connected({ tokenLifeSeconds: 2 }, OneConnection);
  const [socket] = sockets;
  const first = listen(device, { once: true });
  socket?.sends(1, 'one');
  socket?.sends(2, 'two');
  await until('the delay', () => device.reason === 'renewal-delayed');
  const rest = listen(device);
  socket?.sends(3, 'three');
  await until('all PUBACKs', () => socket?.acked.length === 3);
  assert.deepEqual([first, rest, socket?.acked], [['one'], ['two', 'three'], [1, 2, 3]]);
  await device.close({ drain: 0 });
});

test('on a new connection only what the hub sends again is raised', async () => {
  const { device, sockets } = await connected();
  listen(device, { once: true });
  sockets[0]?.sends(1, 'one');
  sockets[0]?.sends(2, 'two');
  sockets[0]?.cut();
  await until('the next connection', () => device.reason === 'reconnected');
  const heard = listen(device);
  sockets[1]?.sends(1, 'two');
  sockets[1]?.sends(2, 'three');
  await until('both PUBACKs', () => sockets[1]?.acked.length === 2);
  assert.deepEqual(
    [heard, sockets[1]?.acked],
    [
      ['two', 'three'],
      [1, 2],
    ],
  );
  await device.close();
});

test('a listener that is at work may wait for more', async () => {
  const { device, sockets } = await connected();
  /** @type {() => void} */
  let finish = () => {};
  const work = new Promise((resolve) => {
    finish = () => resolve(undefined);
  });
  /** @type {any} */
  let event;
  device.addEventListener('message', async (/** @type {any} */ raised) => {
    event = raised;
    await undefined;
    raised.waitUntil(work);
  });
  sockets[0]?.sends(1, 'one');
  // A round trip is time enough for an acknowledgement that comes too early.
  await device.send({ body: 'x' });
  assert.deepEqual(sockets[0]?.acked, []);
  finish();
  await until('the PUBACK', () => sockets[0]?.acked.length === 1);
  assert.throws(() => event.waitUntil(work), { name: 'InvalidStateError' });
  await device.close();
});

test('work that fails after a listener waited is told, and the message not acknowledged', async () => {
  const { device, sockets } = await connected();
  /** @type {any[]} */
  const errors = [];
  device.addEventListener('handlererror', (/** @type {any} */ { error }) => errors.push(error.message));
  device.addEventListener('message', async (/** @type {any} */ event) => {
    await undefined;
    event.waitUntil(Promise.reject(new Error('late')));
    await new Promise((resolve) => setImmediate(resolve));
  });
  sockets[0]?.sends(1, 'one');
  await until('the error', () => errors.length > 0);
  await device.send({ body: 'x' });
  assert.deepEqual([errors, sockets[0]?.acked], [['late'], []]);
  await device.close({ drain: 0 });
});
