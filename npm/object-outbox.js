/**
 * The outbox of a device object: messages in the object's storage until the hub has acknowledged them. A message costs
 * one write when it is added and one when it is gone. At most `WINDOW` messages are in memory, however many wait.
 * Used by `durable-object.js` only.
 */
import { IotHubError } from './errors.js';
import { kept } from './message.js';
import { checkMessage } from './object-judge.js';

const PREFIX = 'outbox:';
const WINDOW = 32;
const DIGITS = 15;

/** What is wrong with a message or a patch stays wrong. */
const FAULTS = [
  'argument',
  'quality-of-service',
  'property-name',
  'message-too-large',
  'topic-too-long',
  'identity',
  'twin-bad-request',
];

/** Whether it would fail again however often it is sent; everything else is about the connection. @param {unknown} error */
export function isFault(error) {
  return !(error instanceof IotHubError) || FAULTS.includes(error.code);
}

/** @param {number} limit @param {string} what @returns {never} */
export function full(limit, what) {
  const text = `${limit} ${what} are stored and wait for the connection, which is as many as may`;
  throw new IotHubError('outbox-full', text, { retryable: true });
}

/** @typedef {import('./index.js').TelemetryMessage & { messageId: string }} Stored */

export class Outbox {
  #storage;
  #dropped;
  #next = 0;
  /** Puts on their way. */
  #adding = 0;
  /** Told when something was added. */
  #added = () => {};
  /** @type {(message: Stored) => Promise<void>} */
  #send = () => Promise.resolve();
  #again = false;
  /** @type {Promise<void> | undefined} */
  #running;
  /** After an eviction an upper bound until everything was sent: counting would read it all. */
  size = 0;

  /** @param {any} storage @param {(message: Stored, error: unknown) => void} dropped told of what can never be sent */
  constructor(storage, dropped) {
    this.#storage = storage;
    this.#dropped = dropped;
  }

  /** Finds what an earlier life of the object left; called once, before anything else. */
  async restore() {
    const [first] = (await this.#storage.list({ prefix: PREFIX, limit: 1 })).keys();
    if (first === undefined) return;
    const [last] = (await this.#storage.list({ prefix: PREFIX, limit: 1, reverse: true })).keys();
    this.#next = numberOf(last) + 1;
    this.size = this.#next - numberOf(first);
  }

  /** Resolves when the message is stored. @param {import('./index.js').TelemetryMessage} message @param {number} limit */
  async add(message, limit) {
    const stored = sound(message);
    if (this.size >= limit) full(limit, 'messages');
    const key = PREFIX + String(this.#next++).padStart(DIGITS, '0');
    this.size += 1;
    this.#adding += 1;
    try {
      await this.#storage.put(key, stored);
    } catch (error) {
      this.size -= 1;
      throw error;
    } finally {
      this.#adding -= 1;
    }
    this.#added();
    return stored.messageId;
  }

  /**
   * Sends everything that is stored, oldest first; resolves when nothing more can be sent for now. What fails and may
   * go well later stays.
   * @param {(message: Stored) => Promise<void>} send
   */
  sendAll(send) {
    this.#send = send;
    this.#again = true;
    this.#running ??= this.#rounds().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #rounds() {
    while (this.#again) {
      this.#again = false;
      await this.#round();
    }
  }

  async #round() {
    const send = this.#send;
    /** @type {Set<Promise<void>>} */
    const open = new Set();
    let start = PREFIX;
    let halted = false;
    for (;;) {
      const added = new Promise((resolve) => {
        this.#added = () => resolve(undefined);
      });
      const batch = halted ? new Map() : await this.#after(start, WINDOW - open.size);
      for (const [key, message] of batch) {
        start = `${key}\0`;
        const one = this.#sendOne(key, message, send).then((sent) => {
          halted ||= !sent;
          open.delete(one);
        });
        open.add(one);
      }
      if (open.size > 0) await Promise.race([...open, ...(open.size < WINDOW && !halted ? [added] : [])]);
      else if (batch.size === 0) break;
    }
    if (!halted && this.size > 0 && this.#adding === 0 && (await this.#after(PREFIX, 1)).size === 0)
      this.size = this.#adding;
  }

  /** @param {string} start @param {number} limit @returns {Promise<Map<string, Stored>>} */
  async #after(start, limit) {
    return limit === 0 ? new Map() : this.#storage.list({ prefix: PREFIX, start, limit });
  }

  /**
   * Gives whether it is gone from the storage.
   * @param {string} key @param {Stored} message @param {(message: Stored) => Promise<void>} send
   */
  async #sendOne(key, message, send) {
    try {
      await send(message);
    } catch (error) {
      if (!isFault(error)) return false;
      this.#dropped(message, error);
    }
    try {
      if (await this.#storage.delete(key)) this.size -= 1;
      return true;
    } catch {
      return false; // it comes twice
    }
  }
}

/** @param {string} key */
function numberOf(key) {
  return Number(key.slice(PREFIX.length));
}

/**
 * A message as it is stored: checked, with an id, and with nothing that storing would change.
 * @param {import('./index.js').TelemetryMessage} message @returns {Stored}
 */
function sound(message) {
  const identified = { ...message, messageId: message?.messageId ?? crypto.randomUUID() };
  const { body, ...fields } = kept(message && identified);
  checkMessage({ body, ...fields });
  // What was made JSON here is text from now on.
  if (typeof body !== 'string' || typeof identified.body === 'string') return { ...identified, body };
  const { contentType = 'application/json', contentEncoding = 'utf-8' } = identified;
  return { ...identified, body, contentType, contentEncoding };
}
