/**
 * A hub within the process, as a `WebSocket` class: it accepts every CONNECT and acknowledges what comes. Tests
 * extend it with the manners that a socket class may have. What it counts is what a page would be left with.
 */
import assert from 'node:assert/strict';

/** What all sockets of one hub have met. */
export class Seen {
  /** @type {SmallSocket[]} */
  sockets = [];
  /** Telemetry, as text. @type {string[]} */
  bodies = [];
  /** Frames that were no MQTT. */
  garbage = 0;
  /** Listeners that are on. */
  listeners = 0;
  /** How often a socket was asked what it still holds. */
  asked = 0;
  /** The CONNACK's return code. */
  returnCode = 0;
  /** How many packets of each type came, by the upper four bits. @type {Record<number, number>} */
  types = {};
}

/** @param {number} type @param {number[]} rest */
const packet = (type, ...rest) => Uint8Array.of(type, rest.length, ...rest).buffer;

export class SmallSocket extends EventTarget {
  /** @type {Seen} */
  static record;
  binaryType = 'blob';
  readyState = 0;
  /** @type {any} */
  hub = /** @type {typeof SmallSocket} */ (this.constructor).record;

  /** @param {string} url */
  constructor(url) {
    super();
    this.url = url;
    this.hub.sockets.push(this);
    queueMicrotask(() => this.opens());
  }

  get bufferedAmount() {
    this.hub.asked += 1;
    return 0;
  }

  opens() {
    if (this.readyState !== 0) return;
    this.readyState = 1;
    this.dispatchEvent(new Event('open'));
  }

  /** The other side closes. @param {number} code */
  cut(code = 1006, before = () => {}) {
    if (this.readyState > 1) return;
    this.readyState = 3;
    before();
    this.dispatchEvent(Object.assign(new Event('close'), { code, reason: '' }));
  }

  close() {
    this.readyState = 3;
  }

  /** @override @param {any} args */
  addEventListener(...args) {
    this.hub.listeners += 1;
    super.addEventListener(.../** @type {[any, any]} */ (args));
  }

  /** @override @param {any} args */
  removeEventListener(...args) {
    this.hub.listeners -= 1;
    super.removeEventListener(.../** @type {[any, any]} */ (args));
  }

  /** @param {Uint8Array} bytes */
  send(bytes) {
    this.reads(bytes);
  }

  /** Takes a frame apart and answers it in one. @param {Uint8Array} bytes */
  reads(bytes) {
    let at = 0;
    while (at < bytes.length) {
      const type = (bytes[at] ?? 0) >> 4;
      const flags = bytes[at] ?? 0;
      let length = 0;
      for (let shift = 0; ; shift += 7) {
        at += 1;
        length |= ((bytes[at] ?? 0) & 127) << shift;
        if ((bytes[at] ?? 0) < 128) break;
      }
      const body = bytes.subarray(at + 1, at + 1 + length);
      at += 1 + length;
      if (![1, 3, 4, 8, 10, 12, 14].includes(type) || body.length !== length) {
        this.hub.garbage += 1;
        return;
      }
      this.hub.types[type] = (this.hub.types[type] ?? 0) + 1;
      this.answers(type, flags, body);
    }
  }

  /** @param {number} type @param {number} flags @param {Uint8Array} body */
  answers(type, flags, body) {
    if (type === 1) this.says(packet(0x20, 0, this.hub.returnCode));
    if (type === 12) this.says(packet(0xd0));
    if (type === 8) this.says(packet(0x90, body[0] ?? 0, body[1] ?? 0, 1));
    if (type !== 3) return;
    const id = 2 + ((body[0] ?? 0) << 8) + (body[1] ?? 0);
    const qos = (flags >> 1) & 3;
    this.hub.bodies.push(Buffer.from(body.subarray(id + (qos ? 2 : 0))).toString());
    if (qos) this.says(packet(0x40, body[id] ?? 0, body[id + 1] ?? 0));
  }

  /** @param {any} data */
  says(data) {
    queueMicrotask(() => this.raises(data));
  }

  /** @param {any} data */
  raises(data) {
    if (this.readyState === 1) this.dispatchEvent(Object.assign(new Event('message'), { data }));
  }
}

/**
 * A class of its own for a test, and its record.
 * @template {typeof SmallSocket} C
 * @param {C} Class
 * @returns {{ WebSocket: any, record: Seen }}
 */
export function smallHub(Class = /** @type {C} */ (SmallSocket)) {
  const record = new Seen();
  // @ts-expect-error a mixin's constructor takes what the class takes
  const WebSocket = class extends Class {
    /** @override */
    static record = record;
  };
  return { WebSocket, record };
}

export const KEY = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=';
export const CREDENTIALS = `HostName=h.azure-devices.net;DeviceId=d;SharedAccessKey=${KEY}`;

/**
 * Resolves when `holds` does; looks again each turn of the event loop, and not for ever.
 * @param {string} what @param {() => unknown} holds
 */
export async function until(what, holds, ms = 60_000) {
  const end = performance.now() + ms;
  while (!holds()) {
    assert.ok(performance.now() < end, `not within ${ms} ms: ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/**
 * Rejects when a promise takes too long.
 * @template T
 * @param {string} what @param {Promise<T>} promise @returns {Promise<T>}
 */
export async function within(what, promise, ms = 60_000) {
  /** @type {any} */
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no ${what} within ${ms} ms`)), ms);
  });
  try {
    return /** @type {T} */ (await Promise.race([promise, late]));
  } finally {
    clearTimeout(timer);
  }
}

/** What a promise is rejected with. @param {Promise<unknown>} promise @returns {Promise<any>} */
export function failure(promise) {
  return within(
    'rejection',
    promise.then(
      () => assert.fail('resolved'),
      (error) => error,
    ),
  );
}
