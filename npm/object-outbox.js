/**
 * The outbox of a device object: messages in the object's storage until the hub has acknowledged them. A message costs
 * one write when it is added and one when it is gone. Used by `durable-object.js` only.
 */

const PREFIX = 'outbox:';
const BATCH = 100;
const DIGITS = 15;

/** @typedef {import('./index.js').TelemetryMessage & { messageId: string }} Stored */

export class Outbox {
  #storage;
  #dropped;
  #next = 0;
  #sending = new Set();
  size = 0;

  /** @param {any} storage @param {(message: Stored, error: unknown) => void} dropped told of what can never be sent */
  constructor(storage, dropped) {
    this.#storage = storage;
    this.#dropped = dropped;
  }

  /** Reads what an earlier life of the object left; called once, before anything else. */
  async restore() {
    const keys = [...(await this.#storage.list({ prefix: PREFIX })).keys()];
    this.size = keys.length;
    const last = keys.at(-1);
    this.#next = last === undefined ? 0 : Number(last.slice(PREFIX.length)) + 1;
  }

  /** Resolves when the message is stored. @param {import('./index.js').TelemetryMessage} message */
  async add(message) {
    const messageId = message.messageId ?? crypto.randomUUID();
    const key = PREFIX + String(this.#next++).padStart(DIGITS, '0');
    this.size += 1;
    await this.#storage.put(key, { ...message, messageId });
    return messageId;
  }

  /**
   * Sends everything that is stored and not on its way, oldest first. What fails and may go well later stays.
   * @param {(message: Stored) => Promise<void>} send
   */
  async sendAll(send) {
    for (let start = PREFIX; ; ) {
      /** @type {Map<string, Stored>} */
      const batch = await this.#storage.list({ prefix: PREFIX, start, limit: BATCH });
      const fresh = [...batch].filter(([key]) => !this.#sending.has(key));
      const outcomes = await Promise.all(fresh.map(([key, message]) => this.#sendOne(key, message, send)));
      const last = [...batch.keys()].at(-1);
      if (last === undefined || batch.size < BATCH || outcomes.includes(false)) return;
      start = `${last}\0`;
    }
  }

  /** @param {string} key @param {Stored} message @param {(message: Stored) => Promise<void>} send */
  async #sendOne(key, message, send) {
    this.#sending.add(key);
    try {
      await send(message);
    } catch (error) {
      if (isForNow(error)) return false;
      this.#dropped(message, error);
    } finally {
      this.#sending.delete(key);
    }
    if (await this.#storage.delete(key)) this.size -= 1;
    return true;
  }
}

/** What is wrong with a message stays wrong; everything else is about the link. @param {any} error */
function isForNow(error) {
  const wrong = ['argument', 'quality-of-service', 'property-name', 'message-too-large', 'topic-too-long'];
  return !wrong.includes(error?.code);
}
