/**
 * Who is put side by side: the names that a command line or a page is given, and what the tables call them.
 * `clients.mjs` opens them in Node, `page/` in a page.
 */

/** @type {Record<string, string>} */
export const TITLES = {
  frames: 'raw WebSocket, one packet a frame',
  floor: 'raw WebSocket, 64 packets a frame: the floor',
  smallest: 'smallest JavaScript client, coalesced',
  mqttjs: 'MQTT.js',
  paho: 'paho-mqtt',
  ours: 'iothub-wasm',
};

/** paho-mqtt is made for pages. */
export const IN_NODE = ['frames', 'floor', 'smallest', 'mqttjs', 'ours'];
export const IN_PAGES = ['frames', 'floor', 'smallest', 'mqttjs', 'paho', 'ours'];

/**
 * @typedef {object} Client
 * @property {() => Promise<unknown>} [send] one message; settles with its PUBACK
 * @property {(count: number, window: number) => Promise<unknown>} [run] for those without a promise a message
 * @property {() => Promise<unknown>} close
 */

/** The three ways of sending, and how many messages may be open at a time. @type {Record<string, number>} */
export const WINDOWS = { all: Number.POSITIVE_INFINITY, window: 64, single: 1 };
