/**
 * The clients in Node, each behind the same two calls. Imported only when asked for, so that one client's code is
 * not the memory of another.
 */
import { tool } from '../../tests/runtimes/workerd.mjs';
import { BODY, PROPERTIES } from './message.mjs';

/** @typedef {import('./wire.mjs').Wire} Wire */
/** @typedef {import('./contenders.mjs').Client} Client */

/** @type {Record<string, (wire: Wire) => Promise<Client>>} */
export const CLIENTS = {
  frames: async (wire) => (await import('./raw.mjs')).rawFrames(await dialer(), wire),
  floor: async (wire) => (await import('./raw.mjs')).rawCoalesced(await dialer(), wire),
  smallest: async (wire) => (await import('./raw.mjs')).smallest(await dialer(), wire),
  mqttjs: mqttJs,
  ours,
};

/** @returns {Promise<import('./raw.mjs').Dial>} */
async function dialer() {
  const { WebSocket } = await import('ws');
  return async (url) => {
    /** @type {any} `ws` brings no types along */
    const socket = new WebSocket(url, ['mqtt'], { perMessageDeflate: false });
    socket.binaryType = 'nodebuffer';
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    /** @type {import('./raw.mjs').Socket} */
    const open = { send: (bytes) => socket.send(bytes), close: () => socket.close(), heard: () => {} };
    socket.on('message', (/** @type {Buffer} */ data) => open.heard(data));
    return open;
  };
}

/** @param {Wire} wire @returns {Promise<Client>} */
async function mqttJs({ url, clientId, userName, password, topic }) {
  const mqtt = await tool('mqtt');
  const client = mqtt.connect(url, { clientId, username: userName, password, clean: true, keepalive: 240 });
  await new Promise((resolve, reject) => client.once('connect', resolve).once('error', reject));
  const body = Buffer.from(BODY);
  return {
    send: () => client.publishAsync(topic, body, { qos: 1 }),
    close: () => client.endAsync(),
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
