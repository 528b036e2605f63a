/**
 * A panic in the wasm: every client of the process is told, everything it held is let go, and later calls say so. By
 * itself, because nothing works in a process after it.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DeviceClient } from '../../pkg/node.js';
import { CREDENTIALS, failure, smallHub, until } from './small-hub.mjs';

test('after a panic sockets are closed, signals left, promises told, and every later call says `internal`', async () => {
  const { WebSocket, record } = smallHub();
  const [one, other] = await Promise.all([
    DeviceClient.connect(CREDENTIALS, { WebSocket, pingAfter: 50 }),
    DeviceClient.connect(CREDENTIALS, { WebSocket, pingAfter: 50 }),
  ]);
  /** @type {string[]} */
  const seen = [];
  for (const device of [one, other])
    device.addEventListener('status', (/** @type {any} */ { state, reason }) =>
      seen.push(`${state} ${reason}`),
    );
  const control = new AbortController();
  let left = 0;
  const remove = control.signal.removeEventListener.bind(control.signal);
  control.signal.removeEventListener = (/** @type {any[]} */ ...args) => {
    left += 1;
    remove(.../** @type {[any, any]} */ (args));
  };
  // No answer comes to these.
  for (const socket of record.sockets) socket.answers = () => {};
  const open = [failure(one.getTwin({ signal: control.signal })), failure(other.send({ body: 'x' }))];
  await until('the send has left', () => (record.types[3] ?? 0) > 0 || record.types[8]);

  // The clock is read while the device is borrowed: who asks the device from within it breaks what must not be broken.
  const { now } = performance;
  performance.now = () => {
    performance.now = now;
    return /** @type {any} */ (one.metrics).sent;
  };
  const { error } = console;
  console.error = () => {};
  await assert.rejects(one.send({ body: 'y' }), { code: 'internal', message: /please report it/ });
  console.error = error;

  for (const { code } of await Promise.all(open)) assert.equal(code, 'internal');
  assert.deepEqual(seen, ['disconnected internal', 'disconnected internal']);
  assert.deepEqual(
    record.sockets.map(({ readyState }) => readyState),
    [3, 3],
  );
  assert.equal(left, 1);
  for (const call of [
    other.send({ body: 'x' }),
    other.getTwin(),
    DeviceClient.connect(CREDENTIALS, { WebSocket }),
    DeviceClient.parseConnectionString(CREDENTIALS),
  ])
    assert.equal((await failure(call)).code, 'internal');
  assert.equal(record.sockets.length, 2, 'nobody dials any more');
  // Its timers still fire; a fault in them would end this process.
  await new Promise((resolve) => setTimeout(resolve, 100));
  await Promise.all([one.close(), other.close()]);
  assert.deepEqual([one.state, other.state], ['closed', 'closed']);
});
