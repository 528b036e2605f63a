/**
 * The service's side of a local hub, from any runtime: plain `fetch` on its `/local` calls.
 * Used by `behaviours.js`, which runs in all of them.
 */

const DEADLINE = 60_000;

/**
 * A device of its own for one behaviour.
 * @param {string} hub the hub's http address
 */
export async function createDevice(hub) {
  const deviceId = `run-${crypto.randomUUID().slice(0, 8)}`;
  const service = new Service(hub, deviceId);
  const { connectionString } = await service.call('PUT', '', {});
  const local = connectionString.includes('UseLocalHub=')
    ? ''
    : `;UseLocalHub=true;Port=${new URL(hub).port}`;
  return { service, deviceId, connectionString: connectionString + local };
}

/** One device as the service sees it. */
export class Service {
  /** @param {string} hub @param {string} deviceId */
  constructor(hub, deviceId) {
    this.hub = hub;
    this.deviceId = deviceId;
  }

  /** @param {string} method @param {string} path below the device @param {unknown} [body] @returns {Promise<any>} */
  call(method, path, body) {
    return this.#fetch(method, `/local/devices/${this.deviceId}${path}`, body);
  }

  /** @param {Record<string, unknown>} message */
  sendMessage(message) {
    return this.call('POST', '/messages', message);
  }

  /** @param {Record<string, unknown>} desired */
  setDesired(desired) {
    return this.call('PATCH', '/twin', { properties: { desired } });
  }

  /** Waits for the device to listen. @param {string} methodName @param {unknown} payload */
  invoke(methodName, payload) {
    return this.call('POST', '/methods', { methodName, payload, connectTimeoutInSeconds: 10 });
  }

  /** Cuts the link that is there. */
  cut() {
    return this.addFault({ kind: 'cut' });
  }

  /** Trouble for this device only. @param {Record<string, unknown>} fault */
  addFault(fault) {
    return this.#fetch('POST', '/local/faults', { ...fault, deviceId: this.deviceId });
  }

  /** @param {number} id */
  removeFault(id) {
    return this.#fetch('DELETE', `/local/faults/${id}`);
  }

  /** Cuts every link at once, as a hub that restarts does. */
  restartHub() {
    return this.#fetch('POST', '/local/faults', { kind: 'restart' });
  }

  /**
   * What the hub told of this device, from its beginning, until `count` events were wanted.
   * @param {string} type @param {(event: any) => boolean} wanted @param {number} [count] @returns {Promise<any[]>}
   */
  async events(type, wanted, count = 1) {
    const found = [];
    const url = `${this.hub}/local/events?deviceId=${this.deviceId}&types=${type}&lastEventId=0`;
    const control = new AbortController();
    const timer = setTimeout(() => control.abort(), DEADLINE);
    try {
      const { body } = await fetch(url, { signal: control.signal });
      for await (const event of eventsIn(/** @type {ReadableStream<Uint8Array>} */ (body))) {
        if (wanted(event)) found.push(event);
        if (found.length === count) return found;
      }
    } catch (error) {
      if (!control.signal.aborted) throw error;
    } finally {
      clearTimeout(timer);
      control.abort();
    }
    throw new Error(`${found.length} of ${count} ${type} events within ${DEADLINE} ms`);
  }

  /** @param {string} method @param {string} path @param {unknown} [body] */
  async #fetch(method, path, body) {
    const content =
      body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    const response = await fetch(this.hub + path, { method, ...content });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} was answered ${response.status}: ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }
}

/** Server-sent events; a reader of its own, because not every stream can be iterated. @param {ReadableStream<Uint8Array>} body */
async function* eventsIn(body) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += decoder.decode(value, { stream: true });
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const data = block.split('\n').find((line) => line.startsWith('data:'));
      if (data) yield JSON.parse(data.slice(5));
    }
  }
}
