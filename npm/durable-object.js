/**
 * A device that lives in a Cloudflare Durable Object: one object for each identity. What is to be sent is stored
 * before it is answered for, so an eviction at any moment loses nothing; an alarm wakes the object again. Applications
 * extend `IotHubDeviceObject`; `durable-object.d.ts` is its manual.
 */
import { DurableObject } from 'cloudflare:workers';
import { Desired } from './object-desired.js';
import { Outbox } from './object-outbox.js';
import { Reported } from './object-reported.js';
import { DeviceClient, IotHubError } from './workerd.js';

/** How often the object looks after itself, by mode. @type {Record<string, number>} */
const EVERY = { standing: 60_000, windowed: 900_000, 'on-demand': 60_000 };
const WINDOW = 20_000;
const MAX_QUEUED = 10_000;
/** The end of a window that is left for handlers to finish, in milliseconds and as a part of the window. */
const [DRAIN, DRAIN_PART] = [1_000, 0.1];

export class IotHubDeviceObject extends DurableObject {
  /** @type {'standing' | 'windowed' | 'on-demand'} */
  mode = 'standing';
  /** @type {number | undefined} */
  every;
  window = WINDOW;
  maxQueued = MAX_QUEUED;
  /** @type {Record<string, import('./index.js').MethodHandler>} */
  methods = {};

  #storage;
  #outbox;
  #reported;
  #desired;
  /** @type {DeviceClient | undefined} */
  #device;
  /** @type {Promise<void> | undefined} */
  #opening;
  #link = { state: 'disconnected', reason: '' };

  /** @param {any} ctx @param {any} env */
  constructor(ctx, env) {
    super(ctx, env);
    const { storage } = ctx;
    this.#storage = storage;
    this.#outbox = new Outbox(storage, (message, error) => this.#drop(message, error));
    this.#reported = new Reported(storage, (reported, error) => this.#drop({ reported }, error));
    this.#desired = new Desired(
      storage,
      (patch, version) => this.onDesired(patch, version),
      (patch, version) => this.#tell({ type: 'desired', patch, version }),
    );
    ctx.blockConcurrencyWhile(() =>
      Promise.all([
        DeviceClient.host.load(), // what is to be stored is checked there
        this.#outbox.restore(),
        this.#reported.restore(),
        this.#desired.restore(),
      ]),
    );
  }

  /** @returns {any} */
  credentials() {
    throw new IotHubError('argument', 'a device object has to say who it is: write its credentials() method');
  }

  /** @returns {import('./index.js').ConnectOptions} */
  options() {
    return {};
  }

  /** @param {import('./index.js').C2DMessage} _message @returns {unknown} */
  onMessage(_message) {
    return undefined;
  }

  /** @param {Record<string, unknown>} _patch @param {number} _version @returns {unknown} */
  onDesired(_patch, _version) {
    return undefined;
  }

  /** @param {import('./durable-object.js').Dropped} dropped @param {unknown} error @returns {unknown} */
  onDropped(dropped, error) {
    const what = 'reported' in dropped ? 'a reported patch' : `message ${dropped.messageId}`;
    return console.error(`${what} was dropped, it can never be sent: ${error}`);
  }

  /** @param {import('./index.js').TelemetryMessage} message */
  async send(message) {
    const messageId = await this.#outbox.add(message, this.maxQueued);
    await this.#look();
    return { messageId };
  }

  /** @param {object} patch */
  async updateReported(patch) {
    await this.#reported.add(patch);
    await this.#look();
  }

  /** What it is doing, for a page or a test. */
  status() {
    return {
      ...this.#link,
      mode: this.mode,
      queued: this.#outbox.size,
      desiredVersion: this.#desired.version,
    };
  }

  /** @override @param {Request} request @returns {Promise<Response>} */
  async fetch(request) {
    if (request.headers.get('upgrade') !== 'websocket') return Response.json(this.status());
    const { 0: page, 1: ours } = new WebSocketPair();
    this.ctx.acceptWebSocket(ours);
    ours.send(JSON.stringify({ type: 'status', ...this.status() }));
    await this.#look();
    return new Response(null, { status: 101, webSocket: page });
  }

  /** @override */
  async alarm() {
    if (this.mode !== 'windowed') {
      this.#desired.retry();
      return this.#look();
    }
    await this.#schedule();
    await this.#openWindow().catch((error) => this.#onFailure(error));
  }

  /** A page that speaks is not listened to: it sees, the Worker in front decides what it may do. @override */
  webSocketMessage() {}

  /** @override @param {any} socket */
  async webSocketClose(socket) {
    socket.close();
    if (this.mode === 'on-demand' && !this.#isWanted()) await this.#hangUp();
  }

  /** @override @param {any} socket */
  webSocketError(socket) {
    return this.webSocketClose(socket);
  }

  /** Makes sure that there is a next alarm while there is a reason for one, and does what the mode asks for now. */
  async #look() {
    if (this.mode === 'on-demand' && !this.#isWanted()) return this.#hangUp();
    if ((await this.#storage.getAlarm()) === null) await this.#schedule();
    if (this.mode === 'windowed' && this.#device === undefined) return;
    // Not awaited: the caller's message is stored, and the connection may take its time.
    this.#open()
      .then(() => this.#pump())
      .catch((error) => this.#onFailure(error));
  }

  /** What is stored waits for the next alarm. @param {any} error */
  #onFailure(error) {
    const reason = error.code ?? 'internal';
    if (this.#device === undefined) this.#link = { state: 'disconnected', reason };
    this.#tell({ type: 'status', ...this.status(), detail: error.message });
  }

  /** @param {import('./durable-object.js').Dropped} dropped @param {unknown} error */
  async #drop(dropped, error) {
    this.#tell({ type: 'error', detail: String(error) });
    try {
      await this.onDropped(dropped, error);
    } catch (thrown) {
      console.error(`onDropped failed: ${thrown}`);
    }
  }

  #schedule() {
    return this.#storage.setAlarm(Date.now() + (this.every ?? EVERY[this.mode] ?? WINDOW));
  }

  /** Whether there is something to do, or somebody to see it. */
  #isWanted() {
    return this.#outbox.size + this.#reported.size > 0 || this.ctx.getWebSockets().length > 0;
  }

  /** Connects, sends and takes what waits, and closes when the window has passed, whatever is still open. */
  async #openWindow() {
    const drain = Math.min(DRAIN, this.window * DRAIN_PART);
    await this.#open();
    this.#pump().catch((error) => this.#onFailure(error));
    await new Promise((resolve) => setTimeout(resolve, this.window - drain));
    await this.#hangUp(drain);
  }

  #open() {
    if (this.#device !== undefined) return Promise.resolve();
    this.#opening ??= this.#dial().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #dial() {
    const bound = this.mode === 'windowed' ? { connectTimeout: this.window } : {};
    const device = await DeviceClient.connect(await this.credentials(), { ...bound, ...this.options() });
    this.#device = device;
    this.#desired.begin();
    this.#onStatus(device, { state: device.state, reason: device.reason });
    device.addEventListener('status', (/** @type {any} */ event) => this.#onStatus(device, event));
    device.addEventListener('message', (/** @type {import('./index.js').DeviceMessageEvent} */ event) => {
      const { message } = event;
      this.#tell({ type: 'message', body: message.text(), properties: message.properties });
      event.waitUntil(this.onMessage(message));
    });
    device.addEventListener(
      'desired',
      (/** @type {import('./index.js').DesiredEvent} */ { patch, version }) =>
        this.#desired.take(patch, version),
    );
    for (const [name, handler] of Object.entries(this.methods))
      device.onMethod(name, (request) => handler.call(this, request));
  }

  /** @param {DeviceClient} device @param {{ state: string, reason: string }} event */
  #onStatus(device, { state, reason }) {
    if (this.#device !== undefined && this.#device !== device) return; // one that was hung up
    this.#link = { state, reason };
    this.#tell({ type: 'status', ...this.status() });
    if (state === 'connected') {
      this.#desired.retry();
      this.#pump().catch((error) => this.#onFailure(error));
    }
    if (state !== 'disconnected' || this.#device !== device) return;
    this.#device = undefined; // it gave up, and says why; the next alarm tries again
    void device.close({ drain: 0 });
  }

  /** Sends what is stored and not on its way. */
  async #pump() {
    const device = this.#device;
    if (device === undefined) return;
    await Promise.all([
      this.#outbox.sendAll((message) => device.send(message)),
      this.#reported.sendAll(device),
    ]);
    this.#tell({ type: 'status', ...this.status() });
    if (this.mode === 'on-demand' && !this.#isWanted()) await this.#hangUp();
  }

  /** @param {number} [drain] */
  async #hangUp(drain) {
    const device = this.#device;
    this.#device = undefined;
    await device?.close(drain === undefined ? {} : { drain });
  }

  /** Pages are told what they can be told: one that is just closing throws, and nothing may depend on it. @param {object} news */
  #tell(news) {
    const text = JSON.stringify(news);
    for (const page of this.ctx.getWebSockets()) {
      try {
        page.send(text);
      } catch {
        // It is on its way out; `webSocketClose` follows.
      }
    }
  }
}

export { IotHubError };
