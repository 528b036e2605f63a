/**
 * Reported patches of a device object, in its storage until the hub has taken them. They are sent one after the other,
 * so that one that the hub refuses takes none along; only when many wait are later ones merged, where the core says
 * that it is sound. Used by `durable-object.js` only.
 */
import { checkReported } from './object-judge.js';
import { full, isFault } from './object-outbox.js';
import { applied, difference, isEmpty } from './object-section.js';
import { jsonOf } from './values.js';
import { mergeReported } from './wasm/iothub_wasm.js';

const PREFIX = 'reported:';
const DIGITS = 15;
/** From this many on, later ones are merged. */
const MANY = 16;
/** Not even a merge helps: each waiting patch may have 32 KB, and all are in memory. */
const LIMIT = 256;

/**
 * `doubtful`: it was sent, or may have been, and nobody knows whether the hub has it.
 * @typedef {{ key: string, text: string, doubtful: boolean, sending: boolean }} Waiting
 * @typedef {Pick<import('./index.js').DeviceClient, 'getTwin' | 'updateReported'>} Device
 */

export class Reported {
  #storage;
  #dropped;
  /** @type {Waiting[]} */
  #waiting = [];
  #next = 0;
  /** @type {Device | undefined} */
  #device;
  /** @type {Promise<void> | undefined} */
  #running;

  /** @param {any} storage @param {(patch: Record<string, unknown>, error: unknown) => void} dropped told of what the hub refuses */
  constructor(storage, dropped) {
    this.#storage = storage;
    this.#dropped = dropped;
  }

  get size() {
    return this.#waiting.length;
  }

  /** Reads what an earlier life of the object left; called once, before anything else. */
  async restore() {
    /** @type {Map<string, string>} */
    const stored = await this.#storage.list({ prefix: PREFIX });
    // Each is deleted before the next one is sent: only the first may have left.
    for (const [key, text] of stored)
      this.#waiting.push({ key, text, doubtful: this.#waiting.length === 0, sending: false });
    const last = this.#waiting.at(-1);
    if (last !== undefined) this.#next = Number(last.key.slice(PREFIX.length)) + 1;
  }

  /** Resolves when the patch is stored; one that the hub would refuse is refused here. @param {unknown} patch */
  async add(patch) {
    const text = jsonOf(patch, 'reported patch');
    checkReported(text);
    const last = this.#waiting.at(-1);
    if (last !== undefined && !last.sending && !last.doubtful && this.#waiting.length >= MANY) {
      const merged = mergeReported(last.text, text);
      if (merged !== undefined) {
        last.text = merged;
        await this.#storage.put(last.key, merged);
        return;
      }
    }
    if (this.#waiting.length >= LIMIT) full(LIMIT, 'reported patches');
    const key = PREFIX + String(this.#next++).padStart(DIGITS, '0');
    const waiting = { key, text, doubtful: false, sending: false };
    this.#waiting.push(waiting);
    try {
      await this.#storage.put(key, text);
    } catch (error) {
      this.#waiting = this.#waiting.filter((other) => other !== waiting);
      throw error;
    }
  }

  /** Sends all, oldest first; resolves when nothing more can be sent for now. @param {Device} device */
  sendAll(device) {
    this.#device = device;
    this.#running ??= this.#rounds().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #rounds() {
    for (let device = this.#device; device !== undefined; device = this.#device) {
      this.#device = undefined;
      for (let head = this.#waiting[0]; head !== undefined; head = this.#waiting[0])
        if (!(await this.#sendOne(device, head))) break;
    }
  }

  /** Gives whether it is gone from the storage. @param {Device} device @param {Waiting} head */
  async #sendOne(device, head) {
    head.sending = true;
    const patch = JSON.parse(head.text);
    try {
      if (!head.doubtful || !(await isThere(device, patch))) {
        head.doubtful = true;
        await device.updateReported(patch);
      }
    } catch (error) {
      head.sending = false;
      if (!isFault(error)) return false;
      this.#dropped(patch, error);
    }
    this.#waiting.shift();
    await this.#storage.delete(head.key);
    return true;
  }
}

/** Whether the twin says what the patch would make it say. @param {Device} device @param {Record<string, unknown>} patch */
async function isThere(device, patch) {
  const { reported } = await device.getTwin();
  return isEmpty(difference(reported, applied(reported, patch)));
}
