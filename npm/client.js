/**
 * The JavaScript face of a device: promises, events and callbacks around the wasm driver, which decides everything.
 * Each entry (`browser.js`, `node.js`, `workerd.js`) extends `Client` with how its runtime loads the wasm.
 */
import { answerOf, failureOf, payloadOf } from './answer.js';
import { dialEarly } from './early.js';
import { errorOf, IotHubError } from './errors.js';
import {
  DesiredEvent,
  DeviceMessageEvent,
  HandlerErrorEvent,
  heard,
  PacketEvent,
  StatusEvent,
} from './events.js';
import { CALL, CLOSE, checkMethod, checkText, readCall, readConnect, readMessages, SEND } from './given.js';
import { done, ReceivedMessage, written } from './message.js';
import { watchPage } from './page.js';
import { Pending } from './pending.js';
import { aborted, loaded, Signals } from './signals.js';
import { Socket } from './socket.js';
import { crossAlone, flush, stage } from './staging.js';
import { jsonOf, kindOf, LONG, refuse, shown } from './values.js';
import { Driver, parseConnectionString } from './wasm/iothub_wasm.js';

/**
 * What an entry gives: how the wasm is loaded (`toFetch` while it has yet to come over the network), the scope
 * that raises a page's own events, and whether its own sockets keep what they are handed.
 * @typedef {{ load: () => Promise<unknown>, toFetch?: boolean, scope: () => unknown, keeps?: boolean }} Host
 * @typedef {import('./index.js').ConnectOptions} ConnectOptions
 * @typedef {import('./index.js').Credentials} Credentials
 * @typedef {import('./index.js').CallOptions} CallOptions
 */

const CONNECT_TIMEOUT = 60_000;
const DRAIN = 5_000;

/** The module has had a fault: nothing works any more until it is loaded anew. @type {IotHubError | undefined} */
let fault;

/** A promise's `resolve`, caught without a function of its own for every promise; none is kept. @type {(value: any) => void} */
let resolved;
const none = () => {};
/** @param {(value: any) => void} resolve */
const catchResolve = (resolve) => {
  resolved = resolve;
};

/** @template T @param {T} it */
const itself = (it) => it;

/** Tells of an error that nobody can be given. @param {unknown} error */
function report(error) {
  if (typeof reportError === 'function') reportError(error);
  else console.error(error);
}

/** Events whose listeners run within a function of ours. */
const WATCHED = ['message', 'packet', 'desired'];

export class Client extends EventTarget {
  /** @type {Host} Each entry sets its own. */
  static host;

  /** @type {import('./wasm/iothub_wasm.js').Driver | undefined} */
  #driver;
  /** @type {Host} */
  #host;
  /** Why there is no driver any more. @type {IotHubError | undefined} */
  #end;
  /** Open calls. One that fails is resolved with a rejected promise. */
  #pending = new Pending();
  #signals = new Signals((ops) => {
    flush();
    for (const op of ops) this.#driver?.abort(op);
  });
  /** @type {Map<number, Socket>} */
  #sockets = new Map();
  /** The last figures. @type {ArrayLike<number>} */
  #figures = [];
  /** @type {Map<string, { handler: import('./index.js').MethodHandler }>} */
  #methods = new Map();
  /** @type {Map<number, AbortController>} */
  #calls = new Map();
  /** @type {Map<number, AbortController>} */
  #tokens = new Map();
  /** @type {Set<string>} */
  #listened = new Set();
  /** Messages that came while nobody listened; they wait unacknowledged. @type {{ delivery: number, message: ReceivedMessage }[]} */
  #unheard = [];
  /** What stands for a listener of one of them. @type {WeakMap<object, (event: any) => void>} */
  #watched = new WeakMap();
  /** @type {ReturnType<typeof dialEarly>} */
  #early;
  #flush = () => this.#enter('flush');
  #timeout = () => this.#enter('timeout');
  /** @type {any} */
  #timer;
  /** Takes the listeners off the page. */
  #leavePage = none;
  #state = 'connecting';
  #reason = '';
  #token;
  #WebSocket;

  /**
   * Connects a device and resolves when the hub has accepted it.
   * @param {Credentials} credentials @param {ConnectOptions} [options]
   */
  static async connect(credentials, options) {
    // All that was given is read now: what the caller does with it later is another matter.
    const given = readConnect(credentials, options);
    const { signal, connectTimeout = CONNECT_TIMEOUT } = given;
    if (signal?.aborted) throw aborted(signal);
    const begun = performance.now();
    const loading = load(this.host);
    const early = dialEarly(this.host, credentials, given);
    let device;
    try {
      await loaded(loading, signal, connectTimeout);
      device = new this(given);
      device.#early = early;
      given.prepare?.(/** @type {any} */ (device));
      await device.#connect(signal, connectTimeout - performance.now() + begun);
      return device;
    } catch (error) {
      // Nobody has it, and it holds a key.
      if (device !== undefined && device.#driver !== undefined) void device.close({ drain: 0 });
      throw error;
    } finally {
      early?.leave();
    }
  }

  /**
   * Connects, sends, waits for every PUBACK, closes.
   * @param {Credentials} credentials @param {Iterable<import('./index.js').TelemetryMessage>} messages @param {ConnectOptions & CallOptions} [options]
   */
  static async sendOnce(credentials, messages, options) {
    const { timeout, ...connect } = options ?? {};
    const call = readCall({ timeout, signal: connect.signal }, CALL);
    const all = readMessages(messages);
    const device = await this.connect(credentials, connect);
    try {
      await Promise.all(all.map((message) => device.#send(itself, message, call)));
    } finally {
      await device.close();
    }
  }

  /** Checks a connection string and gives its parts without the key. @param {string} text */
  static async parseConnectionString(text) {
    checkText(text);
    await load(this.host);
    try {
      const parts = JSON.parse(parseConnectionString(text));
      return { moduleId: undefined, gatewayHost: undefined, port: undefined, ...parts };
    } catch (thrown) {
      throw errorOf(thrown);
    }
  }

  /** Not for applications: `connect` makes them. @param {import('./given.js').Given} given */
  constructor(given) {
    super();
    if (given?.settings === undefined)
      refuse('a device is made by connecting: await DeviceClient.connect(…)');
    this.#host = /** @type {typeof Client} */ (this.constructor).host;
    this.#WebSocket = given.WebSocket;
    this.#token = given.token;
    const seed = crypto.getRandomValues(new Uint32Array(2));
    const seedNumber = (seed[0] ?? 0) * 0x200000 + ((seed[1] ?? 0) >>> 11);
    try {
      const driver = new Driver(given.credentials, given.settings, seedNumber, this.#toldHere());
      this.#driver = driver;
      if (given.will) crossAlone(given.will, given.willQos, (heads, bytes) => driver.set_will(heads, bytes));
      const scope = this.#host.scope();
      if (scope) this.#leavePage = watchPage(scope, (signal) => this.#enter('signal', signal));
    } catch (thrown) {
      // A will that is refused: nobody will have the client, and its driver holds a key.
      this.#driver?.free();
      throw errorOf(thrown);
    }
  }

  /** @param {AbortSignal | undefined} signal @param {number} timeout */
  #connect(signal, timeout) {
    if (typeof this.#WebSocket !== 'function') {
      const text =
        'this runtime has no WebSocket (Node has one from version 22 on): pass a class, { WebSocket } of the package "ws"';
      return Promise.reject(new IotHubError('runtime', text));
    }
    return this.#ask(signal, (driver, op) => driver.connect(op, timeout));
  }

  get state() {
    return this.#state;
  }

  get reason() {
    return this.#reason;
  }

  get metrics() {
    flush();
    const [queued = 0, inFlight = 0, sent = 0, acked = 0, resent = 0, reconnects = 0, roundTripMs = 0] =
      Array.from(this.#driver?.metrics() ?? this.#figures);
    return { queued, inFlight, sent, acked, resent, reconnects, roundTripMs };
  }

  /** @param {import('./index.js').TelemetryMessage} message @param {import('./index.js').SendOptions} [options] */
  send(message, options) {
    return this.#send(written, message, options);
  }

  /** @template M @param {(message: M) => import('./message.js').Written} write @param {M} message @param {unknown} options */
  #send(write, message, options) {
    try {
      const { signal, timeout, qos } = readCall(options, SEND);
      this.#check(signal);
      const fields = write(message);
      // Reading a message may run code of the application.
      this.#check(signal);
      stage(this.#cross, this.#pending.next, qos, timeout, fields);
      done(fields);
      return this.#promise(signal);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** @param {CallOptions} [options] */
  async getTwin(options) {
    const { signal, timeout } = readCall(options, CALL);
    return JSON.parse(await this.#ask(signal, (driver, op) => driver.get_twin(op, timeout)));
  }

  /** @param {object} patch @param {CallOptions} [options] */
  async updateReported(patch, options) {
    const { signal, timeout } = readCall(options, CALL);
    const text = jsonOf(patch, 'reported patch').slice(0, LONG);
    const version = await this.#ask(signal, (driver, op) => driver.update_reported(op, text, timeout));
    return { version };
  }

  /** @param {string} name @param {import('./index.js').MethodHandler} handler */
  onMethod(name, handler) {
    checkMethod(name, handler);
    if (this.#methods.has(name))
      throw new IotHubError('argument', `the method "${name}" has a handler already: remove that one first`);
    const entry = { handler };
    this.#methods.set(name, entry);
    this.#driver?.listen_methods();
    return () => {
      if (this.#methods.get(name) === entry) this.#methods.delete(name);
    };
  }

  /** @param {CallOptions} [options] */
  async subscribed(options) {
    const { signal, timeout } = readCall(options, CALL);
    await this.#ask(signal, (driver, op) => driver.subscribed(op, timeout));
  }

  /** @param {{ drain?: number }} [options] */
  async close(options) {
    const { drain = DRAIN } = readCall(options, CLOSE);
    if (this.#driver !== undefined) await this.#ask(undefined, (open, op) => open.close(op, drain));
    else if (this.#state !== 'closed') this.#tell('closed', 'closed', 'closed by the application');
  }

  /** The device has come to its end: all of the wasm side's goes, also the key. */
  #release() {
    const driver = this.#driver;
    // A handler that still runs has a last word; the driver hangs up behind it.
    if (driver === undefined || this.#sockets.size > 0) return;
    flush();
    this.#end = errorOf(driver.end());
    this.#figures = driver.metrics();
    this.#letGo();
    // What has just been asked of it still comes to it at the end of this turn.
    queueMicrotask(() => driver.free());
  }

  /** The driver, and what would still call it. */
  #letGo() {
    this.#driver = undefined;
    clearTimeout(this.#timer);
    this.#leavePage();
  }

  [Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]() {
    return this.close();
  }

  /** @param {string} type @param {any} listener @param {any} [options] @override */
  addEventListener(type, listener, options) {
    const watched = WATCHED.includes(type) && listener ? this.#watch(listener) : listener;
    if (watched && type === 'desired') {
      // It begins with all there is, wherever the others are.
      watched.told = false;
      watched.options = options;
      super.addEventListener(type, watched, options?.once ? { ...options, once: false } : options);
      this.#driver?.listen_desired();
      return;
    }
    super.addEventListener(type, watched, options);
    if (type === 'message' && this.#unheard.length > 0) {
      for (const { delivery, message } of this.#unheard.splice(0)) {
        this.#driver?.message_heard(delivery, true);
        void this.#onMessage(delivery, message);
      }
    }
    if (listener === null || this.#listened.has(type)) return;
    this.#listened.add(type);
    if (type === 'message') this.#driver?.listen_messages();
    if (type === 'packet') this.#driver?.watch_packets(true);
  }

  /** @param {string} type @param {any} listener @param {any} [options] @override */
  removeEventListener(type, listener, options) {
    const watched = WATCHED.includes(type) ? this.#watched.get(listener) : undefined;
    super.removeEventListener(type, /** @type {any} */ (watched ?? listener), options);
  }

  /**
   * A `message` or `packet` listener runs within its event, which must know that somebody listened, and how it went;
   * a `desired` listener skips what is not for it.
   * @param {any} listener
   */
  #watch(listener) {
    /** @type {any} */
    let watched = this.#watched.get(listener);
    if (watched === undefined) {
      watched = (/** @type {any} */ event) => {
        if (event instanceof DesiredEvent) {
          if (event.complete === watched.told) return;
          watched.told = true;
          if (watched.options?.once) this.removeEventListener('desired', listener, watched.options);
        }
        return heard(event, listener, this);
      };
      this.#watched.set(listener, watched);
    }
    return watched;
  }

  /**
   * One call of the driver, behind the sends before it.
   * @param {AbortSignal | undefined} signal
   * @param {(driver: import('./wasm/iothub_wasm.js').Driver, op: number) => void} start
   */
  #ask(signal, start) {
    try {
      const driver = this.#check(signal);
      flush();
      start(driver, this.#pending.next);
      return this.#promise(signal);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** The driver of a call that may begin. @param {AbortSignal | undefined} signal */
  #check(signal) {
    if (this.#driver === undefined) throw this.#end;
    if (signal?.aborted) throw aborted(signal);
    return this.#driver;
  }

  /** The promise of the call that has just begun. @param {AbortSignal | undefined} signal @returns {Promise<any>} */
  #promise(signal) {
    const op = this.#pending.next;
    const promise = new Promise(catchResolve);
    this.#pending.push(resolved);
    resolved = none;
    if (signal) this.#signals.heed(op, signal);
    return promise;
  }

  /** A call has ended well. @param {number} op @param {any} value */
  #done(op, value) {
    this.#signals.take(op);
    this.#pending.take(op)?.(value);
  }

  /** Staged messages, on their way. @param {Uint32Array} heads @param {Uint8Array} bytes @param {boolean} end */
  #cross = (heads, bytes, end) => {
    try {
      this.#driver?.send(heads, bytes, end);
    } catch (error) {
      this.#onPanic(String(error));
    }
  };

  /**
   * What the driver calls, for every client alike. None of it throws: an exception here would cut the driver off in
   * mid-sentence.
   */
  static #told = guarded({
    later: (client) => queueMicrotask(client.#flush),
    wake: (client, ms) => {
      clearTimeout(client.#timer);
      if (ms >= 0) client.#timer = setTimeout(client.#timeout, ms);
    },
    open: (client, socket, url) => client.#open(socket, url),
    transmit: (client, socket, bytes) => client.#sockets.get(socket)?.send(bytes),
    buffered: (client, socket) => client.#sockets.get(socket)?.buffered ?? 0,
    hangUp: (client, socket) => {
      client.#sockets.get(socket)?.close();
      client.#sockets.delete(socket);
      if (client.#state === 'closed') client.#release();
    },
    sent: (client, ops) => {
      for (let at = 0; at < ops.length; at += 1) client.#done(ops[at], undefined);
    },
    done: (client, op, value) => client.#done(op, value),
    failed: (client, op, error) => {
      const signal = client.#signals.take(op);
      const rejected = Promise.reject(errorOf(error, signal?.aborted ? signal.reason : undefined));
      client.#pending.take(op)?.(rejected);
    },
    needToken: (client, request, audience, expiresAt) => void client.#askToken(request, audience, expiresAt),
    forgetToken: (client, request) => {
      client.#tokens.get(request)?.abort();
      client.#tokens.delete(request);
    },
    status: (client, state, reason, detail, retryIn) => {
      // On another connection the hub sends again what was not acknowledged; a delayed renewal is on the same one.
      if (reason !== 'renewal-delayed') client.#unheard = [];
      if (client.#reason === state && detail.includes('is the local hub running'))
        console.warn(`iothub-wasm: ${detail}; connect goes on trying`);
      if (state === 'closed' || state === 'disconnected') client.#release();
      client.#tell(state, reason, detail, retryIn);
    },
    message: (client, delivery, input, pairs, body, redelivered) =>
      client.#onMessage(delivery, new ReceivedMessage(body, pairs, redelivered, input)),
    desired: (client, patch, version, complete) =>
      client.dispatchEvent(new DesiredEvent(JSON.parse(patch), version, complete)),
    method: (client, call, name, payload) => void client.#onMethod(call, name, payload),
    methodGone: (client, call) => {
      const text = 'the link was lost: the caller of this method has gone';
      client.#calls.get(call)?.abort(new IotHubError('network', text));
      client.#calls.delete(call);
    },
    packet: (client, outgoing, bytes) => {
      if (!client.#listened.has('packet')) return;
      const event = new PacketEvent(outgoing, bytes);
      client.dispatchEvent(event);
      // The last listener has gone, however it went.
      if (!event.heard && client.#listened.delete('packet')) client.#driver?.watch_packets(false);
    },
    panicked: (client, text) => client.#onPanic(text),
  });

  /** This client as the driver sees it. */
  #toldHere() {
    return Object.assign(Object.create(Client.#told), { client: this });
  }

  /** @param {number} id @param {string} url */
  #open(id, url) {
    const opened = () => this.#enter('socket_opened', id);
    const bytes = (/** @type {Uint8Array} */ bytes) => this.#enter('socket_bytes', id, bytes);
    const closed = (/** @type {number} */ code, /** @type {string} */ why) => {
      this.#sockets.delete(id);
      this.#enter('socket_closed', id, code, why);
      if (this.#state === 'closed') this.#release();
    };
    try {
      const raw = this.#early?.take(url) ?? new this.#WebSocket(url, 'mqtt');
      this.#sockets.set(id, new Socket(raw, { opened, bytes, closed }, this.#host.keeps));
    } catch (error) {
      closed(1006, String(error));
    }
  }

  /**
   * Something from outside. A fault in the wasm ends here.
   * @param {'flush' | 'timeout' | 'signal' | 'socket_opened' | 'socket_bytes' | 'socket_closed'} what @param {any} args
   */
  #enter(what, ...args) {
    try {
      /** @type {any} */ (this.#driver)?.[what](...args);
    } catch (error) {
      this.#onPanic(String(error));
    }
  }

  /** @param {string} state @param {string} reason @param {string} detail @param {number} [retryIn] */
  #tell(state, reason, detail, retryIn) {
    this.#state = state;
    this.#reason = reason;
    this.dispatchEvent(new StatusEvent(state, reason, detail, retryIn));
  }

  /** @param {number} request @param {string} audience @param {number} expiresAt */
  async #askToken(request, audience, expiresAt) {
    const control = new AbortController();
    this.#tokens.set(request, control);
    try {
      const token = await this.#token?.({ audience, expiresAt, signal: control.signal });
      if (typeof token !== 'string') throw new TypeError(`it gave ${kindOf(token)}, not a string`);
      if (this.#tokens.delete(request)) this.#driver?.token_arrived(request, token);
    } catch (error) {
      if (this.#tokens.delete(request)) this.#driver?.token_failed(request, shown(error));
    }
  }

  /** @param {number} delivery @param {ReceivedMessage} message */
  async #onMessage(delivery, message) {
    const event = new DeviceMessageEvent(message);
    this.dispatchEvent(event);
    if (!event.heard) {
      this.#unheard.push({ delivery, message });
      this.#driver?.message_heard(delivery, false);
      return;
    }
    const failed = await event.done();
    this.#driver?.message_handled(delivery, failed === undefined);
    if (failed) this.dispatchEvent(new HandlerErrorEvent(failed.reason, 'message'));
  }

  /** @param {number} call @param {string} name @param {Uint8Array} bytes */
  async #onMethod(call, name, bytes) {
    const entry = this.#methods.get(name) ?? this.#methods.get('*');
    if (entry === undefined) {
      const body = JSON.stringify({ error: `no handler for the method "${name}"`, code: 'method-not-found' });
      return this.#driver?.answer_method(call, 501, body);
    }
    const control = new AbortController();
    this.#calls.set(call, control);
    const text = new TextDecoder().decode(bytes);
    const request = { name, payload: payloadOf(text), text, signal: control.signal };
    let answer;
    try {
      answer = answerOf(await entry.handler(request));
    } catch (error) {
      answer = failureOf(error);
      this.dispatchEvent(new HandlerErrorEvent(error, 'method'));
    }
    this.#calls.delete(call);
    try {
      this.#driver?.answer_method(call, answer.status, answer.body);
    } catch (thrown) {
      this.dispatchEvent(new HandlerErrorEvent(errorOf(thrown), 'method'));
    }
  }

  /** The module is gone: every promise is told, once, and nothing calls it any more. @param {string} text */
  #onPanic(text) {
    fault ??= new IotHubError(
      'internal',
      `iothub-wasm has a fault and stopped (${text}); load it anew, and please report it`,
    );
    if (this.#driver === undefined) return;
    this.#letGo();
    this.#end = fault;
    for (const socket of this.#sockets.values()) socket.close();
    for (const control of [...this.#calls.values(), ...this.#tokens.values()]) control.abort(fault);
    for (const open of [this.#sockets, this.#calls, this.#tokens, this.#signals]) open.clear();
    for (const resolve of this.#pending.drain()) resolve(Promise.reject(fault));
    this.#tell('disconnected', 'internal', fault.message);
  }
}

/**
 * Methods of an object that has a `client`.
 * @param {Record<string, (client: Client, ...args: any[]) => any>} told
 */
function guarded(told) {
  /** @type {Record<string, (this: { client: Client }, ...args: any[]) => any>} */
  const methods = {};
  for (const [name, tell] of Object.entries(told)) {
    methods[name] = function (...args) {
      try {
        return tell(this.client, ...args);
      } catch (error) {
        report(error);
      }
    };
  }
  return methods;
}

/** @param {Host} host */
async function load(host) {
  if (fault) throw fault;
  try {
    await host.load();
    host.toFetch = false;
  } catch (cause) {
    const text = `the wasm of iothub-wasm could not be loaded (${String(cause)}): see that it is served beside the script`;
    throw new IotHubError('runtime', text, { cause, retryable: true });
  }
}
