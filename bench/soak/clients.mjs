/**
 * The two clients of the soak, each as a function that sends one numbered message. The libraries come in from
 * outside: Node and pages load them differently.
 */
import { bodyOf } from './send.mjs';

/** @typedef {import('../client/wire.mjs').Wire} Wire */
/** @typedef {{ send: (number: number) => Promise<unknown>, close: () => Promise<unknown> }} Sender */

/** Ours, with its defaults. @param {any} DeviceClient @param {Wire} wire @param {Record<string, unknown>} [options] @returns {Promise<Sender>} */
export async function ours(DeviceClient, wire, options = {}) {
  const device = await DeviceClient.connect(wire.connectionString, options);
  return { send: (number) => device.send({ body: bodyOf(number) }), close: () => device.close() };
}

/** MQTT.js with its defaults and a kept session. @param {any} mqtt @param {Wire} wire @returns {Promise<Sender>} */
export async function mqttJs(mqtt, wire) {
  const { url, clientId, userName, password, topic } = wire;
  const client = mqtt.connect(url, { clientId, username: userName, password, clean: false });
  client.on('error', () => {}); // without a listener it would end the process
  await new Promise((resolve) => client.once('connect', resolve));
  return {
    send: (number) => client.publishAsync(topic, bodyOf(number), { qos: 1 }),
    close: () => client.endAsync(true),
  };
}
