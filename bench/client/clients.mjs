/**
 * The clients that are put side by side, each behind the same two calls. Imported only when asked for, so that
 * one client's code is not the memory of another.
 */
import { BODY, PROPERTIES } from './wire.mjs';

/** @typedef {import('./wire.mjs').Wire} Wire */
/**
 * @typedef {object} Client
 * @property {() => Promise<unknown>} [send] one message; settles with its PUBACK
 * @property {(count: number, window: number) => Promise<unknown>} [run] for those without a promise a message
 * @property {() => Promise<unknown>} close
 */

/** @type {Record<string, { title: string, open: (wire: Wire) => Promise<Client> }>} */
export const CLIENTS = {
  frames: {
    title: 'raw WebSocket, one packet a frame',
    open: async (wire) => (await import('./raw.mjs')).rawFrames(wire),
  },
  floor: {
    title: 'raw WebSocket, 64 packets a frame: the floor',
    open: async (wire) => (await import('./raw.mjs')).rawCoalesced(wire),
  },
  smallest: {
    title: 'smallest JavaScript client, coalesced',
    open: async (wire) => (await import('./raw.mjs')).smallest(wire),
  },
  mqttjs: { title: 'MQTT.js', open: mqttJs },
  ours: { title: 'iothub-wasm', open: ours },
};

/** @param {Wire} wire @returns {Promise<Client>} */
async function mqttJs({ url, clientId, userName, password, topic }) {
  const { default: mqtt } = await import('mqtt');
  const client = mqtt.connect(url, { clientId, username: userName, password, clean: true, keepalive: 240 });
  await new Promise((resolve, reject) => client.once('connect', resolve).once('error', reject));
  const body = Buffer.from(BODY);
  return {
    send: () =>
      new Promise((resolve, reject) =>
        client.publish(topic, body, { qos: 1 }, (error) => (error ? reject(error) : resolve(undefined))),
      ),
    close: () => new Promise((resolve) => client.end(false, {}, resolve)),
  };
}

/** @param {Wire} wire @returns {Promise<Client>} */
async function ours({ connectionString }) {
  const { WebSocket } = await import('ws');
  const { DeviceClient } = await import('../../pkg/node.js');
  const device = await DeviceClient.connect(connectionString, {
    WebSocket: /** @type {any} */ (WebSocket),
    outbox: { messages: 1_000_000, bytes: 1_000_000_000 },
  });
  const message = { body: BODY, properties: PROPERTIES };
  return { send: () => device.send(message), close: () => device.close() };
}
