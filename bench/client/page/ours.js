/** Page of the contender `ours`: the package's browser entry, bundled like the others. */
import { DeviceClient } from '../../../pkg/browser.js';
import { BODY, PROPERTIES } from '../message.mjs';
import { begin } from './begin.js';

begin(async ({ connectionString }) => {
  const device = await DeviceClient.connect(connectionString, {
    outbox: { messages: 1_000_000, bytes: 1_000_000_000 },
  });
  const message = { body: BODY, properties: PROPERTIES };
  return { send: () => device.send(message), close: () => device.close() };
});
