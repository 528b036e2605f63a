/** Page of the contender `paho`, which tells of a delivery by the message that it was given. */
// @ts-expect-error the bench bundles the one of tests/tools
import paho from 'paho-mqtt';
import { BODY } from '../message.mjs';
import { begin } from './begin.js';

begin(async ({ url, clientId, userName, password, topic }) => {
  const client = new paho.Client(url, clientId);
  await new Promise((resolve, reject) =>
    client.connect({ userName, password, keepAliveInterval: 240, onSuccess: resolve, onFailure: reject }),
  );
  /** @type {WeakMap<object, (value?: unknown) => void>} */
  const waiting = new WeakMap();
  client.onMessageDelivered = (/** @type {object} */ message) => waiting.get(message)?.();
  return {
    send: () =>
      new Promise((resolve) => {
        const message = new paho.Message(BODY);
        Object.assign(message, { destinationName: topic, qos: 1 });
        waiting.set(message, resolve);
        client.send(message);
      }),
    close: async () => client.disconnect(),
  };
});
