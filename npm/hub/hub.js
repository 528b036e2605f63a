/**
 * A whole hub inside this page or process: no server, no network. The wasm decides everything; here are the sockets
 * that clients take as their `WebSocket`, the timer, and promises around the `/local` calls. Each entry (`browser.js`,
 * `node.js`, `workerd.js`) extends it with how its runtime loads the wasm.
 */

import { answerOf, HubError } from './answer.js';
import { eventOf, eventStream, eventsSoFar, nextEvent } from './events.js';
import { socketClass } from './socket.js';
import { Tasks } from './tasks.js';

/**
 * @typedef {{ wasm: typeof import('./wasm/iothub_hub_wasm.js'), load: () => Promise<unknown> }} HubHost
 * @typedef {import('./index.js').IdentityOptions} IdentityOptions
 */

/** The longest time that `setTimeout` takes. */
const LONGEST = 0x7fffffff;

/** What the clients' sockets are told at `close`: "going away". */
const GOING_AWAY = 1001;
const CLOSED = 'the hub in this page was closed';

/**
 * Whether a timer keeps the process alive; pages have no such thing.
 * @param {any} timer @param {boolean} keeps
 */
function keepAlive(timer, keeps) {
  const name = keeps ? 'ref' : 'unref';
  if (typeof timer === 'object') timer[name]?.();
  else if (timer !== undefined) /** @type {any} */ (globalThis).Deno?.[`${name}Timer`](timer);
}

/** The path of an identity below `/local/devices`. @param {string} deviceId @param {IdentityOptions} [options] */
function pathOf(deviceId, { moduleId } = {}) {
  const device = `/local/devices/${encodeURIComponent(deviceId)}`;
  return moduleId === undefined ? device : `${device}/modules/${encodeURIComponent(moduleId)}`;
}

export class Hub extends EventTarget {
  /** @type {HubHost} Each entry sets its own. */
  static host;

  /** Starts a hub. @param {import('./index.js').HubOptions} [options] */
  static async start(options = {}) {
    await this.host.load();
    return new this(options);
  }

  /** @type {import('./wasm/iothub_hub_wasm.js').PageHub | undefined} */
  #hub;
  #tasks = new Tasks();
  /** @type {Map<number, import('./socket.js').LinkEnd>} */
  #links = new Map();
  #nextLink = 1;
  /** @type {Map<number, (answer: [number, Record<string, string>, Uint8Array]) => void>} */
  #calls = new Map();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {number | undefined} */
  #wakeAt;
  #told = 0;
  #telling = false;
  /** @type {Set<() => void>} */
  #readers = new Set();
  /** Events that `waitFor` gave. @type {Set<number>} */
  #given = new Set();
  #closing = false;

  /** Not for applications: `start` makes them. @param {import('./index.js').HubOptions} options */
  constructor(options) {
    super();
    const { PageHub } = /** @type {typeof Hub} */ (this.constructor).host.wasm;
    const seed = crypto.getRandomValues(new Uint32Array(2));
    const number = (seed[0] ?? 0) * 0x200000 + ((seed[1] ?? 0) >>> 11);
    this.#hub = new PageHub(JSON.stringify(options), number, this.#host(), performance.now(), Date.now());
    this.WebSocket = socketClass({
      open: (end) => this.#open(end),
      feed: (link, bytes) => this.#hub?.feed(link, bytes, performance.now(), Date.now()),
      close: (link) => {
        this.#links.delete(link);
        this.#hub?.close(link, performance.now(), Date.now());
        this.#keepAlive();
      },
      later: (task) => this.#tasks.add(task),
    });
  }

  /** What the wasm tells. It is in the middle of its work then: everything is only put into queues. */
  #host() {
    return {
      transmit: (/** @type {number} */ link, /** @type {Uint8Array} */ bytes) => {
        const end = this.#links.get(link);
        if (end) this.#tasks.add(() => end.message(bytes));
      },
      closed: (
        /** @type {number} */ link,
        /** @type {string} */ _reason,
        /** @type {string} */ _detail,
        /** @type {boolean} */ gently,
      ) => {
        const end = this.#links.get(link);
        this.#links.delete(link);
        this.#keepAlive();
        if (end === undefined) return;
        if (this.#closing) this.#tasks.add(() => end.closed(GOING_AWAY, CLOSED));
        else this.#tasks.add(() => end.closed(gently ? 1005 : 1006, ''));
      },
      answered: (
        /** @type {number} */ call,
        /** @type {[number, Record<string, string>, Uint8Array]} */ answer,
      ) => {
        const settle = this.#calls.get(call);
        this.#calls.delete(call);
        this.#keepAlive();
        settle?.(answer);
      },
      happened: () => {
        if (this.#telling) return;
        this.#telling = true;
        this.#tasks.add(() => this.#tell());
      },
      wake: (/** @type {number | undefined} */ at) => this.#wake(at),
    };
  }

  /** @param {import('./socket.js').LinkEnd} end */
  #open(end) {
    if (this.#hub === undefined) return undefined;
    const link = this.#nextLink++;
    this.#links.set(link, end);
    this.#hub.open(link, performance.now(), Date.now());
    this.#keepAlive();
    return link;
  }

  /** A hub that nobody uses keeps no process alive. */
  #keepAlive() {
    keepAlive(this.#timer, this.#links.size + this.#calls.size > 0);
  }

  /** @param {number | undefined} at */
  #wake(at) {
    clearTimeout(this.#timer);
    this.#wakeAt = at;
    if (at === undefined) return;
    const rest = Math.min(Math.max(0, Math.ceil(at - performance.now())), LONGEST);
    this.#timer = setTimeout(() => {
      const now = performance.now();
      if (this.#wakeAt !== undefined && now < this.#wakeAt) this.#wake(this.#wakeAt);
      else this.#hub?.timeout(now, Date.now());
    }, rest);
    this.#keepAlive();
  }

  #tell() {
    this.#telling = false;
    for (const wake of [...this.#readers]) wake();
    while (this.#hub !== undefined) {
      const { events, missed, cursor } = JSON.parse(this.#hub.events(this.#told));
      if (cursor === this.#told && missed === 0) return;
      this.#told = cursor;
      if (missed > 0) this.#dispatch({ type: 'gap', missed });
      for (const [, , data] of events) this.#dispatch(eventOf(data));
    }
  }

  /** @param {{ type: string, missed?: number }} data */
  #dispatch(data) {
    this.dispatchEvent(Object.assign(new Event('event'), { data }));
    this.dispatchEvent(Object.assign(new Event(data.type), { data }));
  }

  /** @param {import('./index.js').EventOptions} [options] */
  events(options = {}) {
    return eventStream(this.#source(), options);
  }

  /** @param {import('./index.js').EventOptions} [options] */
  eventsSoFar(options = {}) {
    return eventsSoFar(this.#source(), options);
  }

  /** @param {import('./index.js').HubEvent['type']} type @param {import('./index.js').WaitOptions<any>} [options] */
  waitFor(type, options = {}) {
    return nextEvent(this.#source(), type, options);
  }

  get lastEventId() {
    return this.#hub?.lastEventId() ?? 0;
  }

  #source() {
    return {
      read: (/** @type {number} */ cursor) =>
        this.#hub === undefined ? undefined : JSON.parse(this.#hub.events(cursor)),
      last: () => this.lastEventId,
      readers: this.#readers,
      given: this.#given,
    };
  }

  /**
   * Answers `/local/…` as the process does over HTTP.
   * @param {string} target @param {{ method?: string, headers?: Record<string, string>, body?: string | Uint8Array }} [init]
   */
  async fetch(target, { method = 'GET', headers = {}, body = '' } = {}) {
    if (this.#hub === undefined) throw new HubError(503, { message: 'this hub is closed' });
    const [path = '', query = ''] = target.split('?', 2);
    const flat = Object.entries(headers).flatMap(([name, value]) => [name.toLowerCase(), value]);
    const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
    const head = [method, path, query, ...flat];
    const answer = this.#hub.request(head, bytes, performance.now(), Date.now());
    if (typeof answer !== 'number') return answerOf(answer);
    return answerOf(
      await new Promise((resolve) => {
        this.#calls.set(answer, resolve);
        this.#keepAlive();
      }),
    );
  }

  /** @param {string} method @param {string} path @param {unknown} [body] @param {Record<string, string>} [headers] */
  async #call(method, path, body, headers = {}) {
    const text = body === undefined ? '' : JSON.stringify(body);
    const answer = await this.fetch(path, { method, headers, body: text });
    const value = answer.body.length === 0 ? undefined : answer.json();
    if (!answer.ok) throw new HubError(answer.status, value);
    return value;
  }

  info() {
    return this.#call('GET', '/local/info');
  }

  devices() {
    return this.#call('GET', '/local/devices');
  }

  /** @param {string} deviceId @param {IdentityOptions} [options] */
  device(deviceId, options) {
    return this.#call('GET', pathOf(deviceId, options));
  }

  /** @param {string} deviceId @param {IdentityOptions & { document?: object }} [options] */
  createDevice(deviceId, { document = {}, ...options } = {}) {
    return this.#call('PUT', pathOf(deviceId, options), document);
  }

  /** @param {string} deviceId @param {object} document @param {IdentityOptions} [options] */
  updateDevice(deviceId, document, options) {
    return this.#call('PUT', pathOf(deviceId, options), document, { 'if-match': '*' });
  }

  /** @param {string} deviceId @param {IdentityOptions} [options] */
  deleteDevice(deviceId, options) {
    return this.#call('DELETE', pathOf(deviceId, options));
  }

  /** @param {string} deviceId @param {IdentityOptions} [options] @returns {Promise<string>} */
  async connectionString(deviceId, options) {
    return (await this.device(deviceId, options)).connectionString;
  }

  /** @param {string} deviceId @param {IdentityOptions} [options] */
  twin(deviceId, options) {
    return this.#call('GET', `${pathOf(deviceId, options)}/twin`);
  }

  /** @param {string} deviceId @param {object} patch @param {IdentityOptions} [options] */
  patchTwin(deviceId, patch, options) {
    return this.#call('PATCH', `${pathOf(deviceId, options)}/twin`, patch);
  }

  /** @param {string} deviceId @param {object} twin @param {IdentityOptions} [options] */
  replaceTwin(deviceId, twin, options) {
    return this.#call('PUT', `${pathOf(deviceId, options)}/twin`, twin);
  }

  /** @param {string} deviceId @param {import('./index.js').MethodCall} call @param {IdentityOptions} [options] */
  invokeMethod(deviceId, call, options) {
    return this.#call('POST', `${pathOf(deviceId, options)}/methods`, call);
  }

  /** @param {string} deviceId @param {import('./index.js').CloudToDeviceMessage} message */
  sendMessage(deviceId, message) {
    return this.#call('POST', `${pathOf(deviceId)}/messages`, message);
  }

  /** @param {string} deviceId */
  messages(deviceId) {
    return this.#call('GET', `${pathOf(deviceId)}/messages`);
  }

  /** @param {string} deviceId */
  purgeMessages(deviceId) {
    return this.#call('DELETE', `${pathOf(deviceId)}/messages`);
  }

  /** @param {import('./index.js').TokenRequest} request */
  token(request) {
    return this.#call('POST', '/local/tokens', request);
  }

  /** @param {import('./index.js').ClockChange} [change] */
  clock(change) {
    return this.#call(change === undefined ? 'GET' : 'POST', '/local/clock', change);
  }

  faults() {
    return this.#call('GET', '/local/faults');
  }

  /** @param {import('./index.js').Fault} fault */
  addFault(fault) {
    return this.#call('POST', '/local/faults', fault);
  }

  /** @param {number} [id] */
  removeFaults(id) {
    return this.#call('DELETE', id === undefined ? '/local/faults' : `/local/faults/${id}`);
  }

  reset() {
    return this.#call('POST', '/local/reset');
  }

  close() {
    if (this.#hub === undefined) return;
    this.#closing = true;
    this.#hub.stop(performance.now(), Date.now());
    this.#wake(undefined);
    this.#hub.free();
    this.#hub = undefined;
    for (const settle of this.#calls.values()) settle([503, {}, new Uint8Array()]);
    this.#calls.clear();
    for (const wake of [...this.#readers]) wake();
  }

  [Symbol.dispose ?? Symbol.for('Symbol.dispose')]() {
    this.close();
  }
}
