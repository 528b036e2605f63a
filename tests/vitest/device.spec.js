/** What Vitest runs in each environment: a device's round trip with the environment's own `WebSocket`. */
import { DeviceClient } from 'iothub-wasm';
import { expect, test } from 'vitest';

const { DEVICE = '', AGENT = '' } = process.env;

test('connects, sends, receives, closes', async () => {
  expect(navigator.userAgent).toContain(AGENT);
  const device = await DeviceClient.connect(DEVICE, { connectTimeout: 15_000 });
  const received = new Promise((resolve) => {
    device.addEventListener('message', ({ message }) => resolve(message.text()));
  });
  // Several frames of one turn: a class that keeps what it is handed would mix them up.
  const sends = Array.from({ length: 300 }, (_, n) => device.send({ body: { n, filler: 'x'.repeat(500) } }));
  await Promise.all(sends);
  expect(await received).toBe('hello');
  const { acked, resent, reconnects } = device.metrics;
  expect({ acked, resent, reconnects }).toEqual({ acked: 300, resent: 0, reconnects: 0 });
  await device.close();
  expect(device.state).toBe('closed');
}, 60_000);
