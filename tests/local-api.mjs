/**
 * The hub's `/local` calls for tests: the event stream with waiting (and a deadline) for one event,
 * and cloud-to-device messages. Used by every suite that looks at the hub from the service's side.
 */

/** What is waited for comes at once, or on a busy machine late; only what never comes takes so long. */
const WAIT_MS = 60_000;

/** @typedef {Record<string, any> & { type: string }} LocalEvent */

/** `/local/events` of one hub; every event since `open` is kept, so that none is missed by asking late. */
export class LocalEvents {
  /** @type {LocalEvent[]} */
  seen = [];
  /** @type {Set<() => void>} */
  #waiting = new Set();
  #abort = new AbortController();
  #closed = false;
  #missed = 0;
  /** @type {Error | undefined} */
  #ended;
  /** @type {Promise<void>} */
  #reading = Promise.resolve();

  /**
   * @param {string} http the hub's address
   */
  static async open(http) {
    const events = new LocalEvents();
    const headers = { accept: 'text/event-stream' };
    const response = await fetch(`${http}/local/events`, { headers, signal: events.#abort.signal });
    if (!response.ok || !response.body) throw new Error(`/local/events answered ${response.status}`);
    events.#reading = events.#read(response.body);
    return events;
  }

  /**
   * Resolves with the first event, past or future, that is wanted.
   * @param {string} what for the message when it does not come
   * @param {(event: LocalEvent) => boolean} wanted
   * @param {number} [deadline]
   * @returns {Promise<LocalEvent>}
   */
  next(what, wanted, deadline = WAIT_MS) {
    return new Promise((resolve, reject) => {
      // Each event is judged once: looking at all of them for each new one would read slower than the hub writes.
      let judged = 0;
      const look = () => {
        let found;
        while (!found && judged < this.seen.length) {
          const event = this.seen[judged++];
          if (wanted(event)) found = event;
        }
        if (!found) return;
        settle();
        resolve(found);
      };
      const timer = setTimeout(() => {
        settle();
        const last = this.seen.slice(-10).map((event) => JSON.stringify(event));
        const ended = this.#ended ? ` (the stream ended: ${this.#ended.message})` : '';
        const stream = this.#missed > 0 ? `${ended} (the hub dropped ${this.#missed} events unread)` : ended;
        reject(new Error(`no ${what} within ${deadline} ms${stream}; the last events:\n${last.join('\n')}`));
      }, deadline);
      const settle = () => {
        clearTimeout(timer);
        this.#waiting.delete(look);
      };
      this.#waiting.add(look);
      look();
    });
  }

  /** Ends the stream. */
  async close() {
    this.#closed = true;
    this.#abort.abort();
    await this.#reading;
  }

  /** @param {ReadableStream<Uint8Array>} body */
  async #read(body) {
    const decoder = new TextDecoder();
    let text = '';
    try {
      for await (const chunk of /** @type {AsyncIterable<Uint8Array>} */ (/** @type {unknown} */ (body))) {
        text += decoder.decode(chunk, { stream: true });
        const blocks = text.split(/\r?\n\r?\n/);
        text = blocks.pop() ?? '';
        for (const block of blocks) this.#take(block);
      }
    } catch (error) {
      if (!this.#closed) this.#ended = /** @type {Error} */ (error); // told to whoever waits next
    }
  }

  /** @param {string} block one server-sent event */
  #take(block) {
    const data = block
      .split(/\r?\n/)
      .filter((line) => line.startsWith('data:'))
      .map((line) => line.slice(5).trimStart());
    if (data.length === 0) return; // a comment that keeps the connection alive
    const event = JSON.parse(data.join('\n'));
    if (event.type === 'gap') this.#missed += event.missed;
    this.seen.push(event);
    for (const look of [...this.#waiting]) look();
  }
}

/**
 * Sends a cloud-to-device message.
 * @param {string} http
 * @param {string} deviceId
 * @param {Record<string, unknown>} message body or bodyBase64, messageId, properties, …
 */
export async function sendC2d(http, deviceId, message) {
  const url = `${http}/local/devices/${encodeURIComponent(deviceId)}/messages`;
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(message) });
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${await response.text()}`);
}
