/**
 * A device that lives in a Cloudflare Durable Object: one object for each identity. What is to be sent is stored
 * before it is answered for, so an eviction at any moment loses nothing; an alarm wakes the object again. Applications
 * extend `IotHubDeviceObject`; `durable-object.d.ts` is its manual.
 */
import { DurableObject } from 'cloudflare:workers';
import { Outbox } from './object-outbox.js';
import { DeviceClient, IotHubError } from './workerd.js';

/** How often the object looks after itself, by mode. @type {Record<string, number>} */
const EVERY = { standing: 60_000, windowed: 900_000, 'on-demand': 60_000 };
const WINDOW = 20_000;
const [VERSION, REPORTED] = ['twin:version', 'twin:reported'];

export class IotHubDeviceObject extends DurableObject {
  /** @type {'standing' | 'windowed' | 'on-demand'} */
  mode = 'standing';
  /** @type {number | undefined} */
  every;
  window = WINDOW;
  /** @type {Record<string, import('./index.js').MethodHandler>} */
  methods = {};

  #storage;
  #outbox;
  /** @type {DeviceClient | undefined} */
  #device;
  /** @type {Promise<void> | undefined} */
  #opening;
  #version = -1;
  /** @type {Record<string, unknown> | undefined} */
  #reported;
  #reporting = false;
  #link = { state: 'disconnected', reason: '' };

  /** @param {any} ctx @param {any} env */
  constructor(ctx, env) {
    super(ctx, env);
    this.#storage = ctx.storage;
    this.#outbox = new Outbox(ctx.storage, (message, error) => this.onDropped(message, error));
    ctx.blockConcurrencyWhile(async () => {
      await this.#outbox.restore();
      this.#version = (await this.#storage.get(VERSION)) ?? -1;
      this.#reported = await this.#storage.get(REPORTED);
    });
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

  /** @param {import('./index.js').TelemetryMessage} message @param {unknown} error */
  onDropped(message, error) {
    console.error(`message ${message.messageId} can not be sent: ${error}`);
  }

  /** @param {import('./index.js').TelemetryMessage} message */
  async send(message) {
    const messageId = await this.#outbox.add(message);
    await this.#look();
    return { messageId };
  }

  /** @param {Record<string, unknown>} patch */
  async updateReported(patch) {
    this.#reported = merged(this.#reported ?? {}, patch);
    await this.#storage.put(REPORTED, this.#reported);
    await this.#look();
  }

  /** What it is doing, for a page or a test. */
  status() {
    return { ...this.#link, mode: this.mode, queued: this.#outbox.size, desiredVersion: this.#version };
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
    if (this.mode !== 'windowed') return this.#look();
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

  /** Makes sure that there is a next alarm while there is a reason for one, and does what the mode asks for now. */
  async #look() {
    if (this.mode === 'on-demand' && !this.#isWanted()) return this.#hangUp();
    if ((await this.#storage.getAlarm()) === null) await this.#schedule();
    if (this.mode === 'windowed' && this.#device === undefined) return;
    // Not awaited: the caller's message is stored, and the link may take its time.
    this.#open()
      .then(() => this.#pump())
      .catch((error) => this.#onFailure(error));
  }

  /** No link; what is stored waits for the next alarm. @param {any} error */
  #onFailure(error) {
    this.#link = { state: 'disconnected', reason: error.code ?? 'internal' };
    this.#tell({ type: 'status', ...this.status(), detail: error.message });
  }

  #schedule() {
    return this.#storage.setAlarm(Date.now() + (this.every ?? EVERY[this.mode] ?? WINDOW));
  }

  /** Whether there is something to do, or somebody to see it. */
  #isWanted() {
    return this.#outbox.size > 0 || this.#reported !== undefined || this.ctx.getWebSockets().length > 0;
  }

  /** Connects, empties the outbox, takes what waits, and closes after the window. */
  async #openWindow() {
    await this.#open();
    const emptied = this.#pump();
    await new Promise((resolve) => setTimeout(resolve, this.window));
    await emptied;
    await this.#hangUp();
  }

  #open() {
    if (this.#device !== undefined) return Promise.resolve();
    this.#opening ??= this.#dial().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #dial() {
    const device = await DeviceClient.connect(await this.credentials(), this.options());
    this.#device = device;
    this.#onStatus(device, { state: device.state, reason: device.reason });
    device.addEventListener('status', (/** @type {any} */ event) => this.#onStatus(device, event));
    device.addEventListener('message', (/** @type {import('./index.js').DeviceMessageEvent} */ event) => {
      const { message } = event;
      this.#tell({ type: 'message', body: message.text(), properties: message.properties });
      event.waitUntil(this.onMessage(message));
    });
    device.addEventListener(
      'desired',
      (/** @type {import('./index.js').DesiredEvent} */ event) => void this.#onDesired(event),
    );
    for (const [name, handler] of Object.entries(this.methods))
      device.onMethod(name, (request) => handler.call(this, request));
  }

  /** @param {DeviceClient} device @param {{ state: string, reason: string }} event */
  #onStatus(device, { state, reason }) {
    this.#link = { state, reason };
    this.#tell({ type: 'status', ...this.status() });
    if (state === 'connected') void this.#pump();
    if (state !== 'disconnected' || this.#device !== device) return;
    this.#device = undefined; // it gave up, and says why; the next alarm tries again
    void device.close({ drain: 0 });
  }

  /** The first event after each connect holds everything: only what is newer than the stored version is raised. */
  async #onDesired(/** @type {import('./index.js').DesiredEvent} */ { patch, version }) {
    if (version <= this.#version) return;
    try {
      await this.onDesired(patch, version);
    } catch (error) {
      console.error(`onDesired failed for version ${version}, it is raised again on the next link: ${error}`);
      return;
    }
    this.#version = version;
    await this.#storage.put(VERSION, version);
    this.#tell({ type: 'desired', patch, version });
  }

  /** Sends what is stored and not on its way. */
  async #pump() {
    const device = this.#device;
    if (device === undefined) return;
    await Promise.all([this.#outbox.sendAll((message) => device.send(message)), this.#report(device)]);
    this.#tell({ type: 'status', ...this.status() });
    if (this.mode === 'on-demand' && !this.#isWanted()) await this.#hangUp();
  }

  /** @param {DeviceClient} device */
  async #report(device) {
    if (this.#reporting || this.#reported === undefined) return;
    this.#reporting = true;
    try {
      while (this.#reported !== undefined) {
        /** @type {Record<string, unknown>} */
        const patch = this.#reported;
        await device.updateReported(patch);
        if (this.#reported !== patch) continue; // more was added meanwhile: patches may be sent twice
        this.#reported = undefined;
        await this.#storage.delete(REPORTED);
      }
    } catch (error) {
      this.#tell({ type: 'error', detail: String(error) }); // stored still: the next link or alarm sends it
    } finally {
      this.#reporting = false;
    }
  }

  async #hangUp() {
    const device = this.#device;
    this.#device = undefined;
    await device?.close();
  }

  /** @param {object} news */
  #tell(news) {
    const text = JSON.stringify(news);
    for (const page of this.ctx.getWebSockets()) page.send(text);
  }
}

/** A later patch over an earlier one, as the twin would take them. @param {any} under @param {any} over @returns {any} */
function merged(under, over) {
  const result = { ...under };
  for (const [name, value] of Object.entries(over)) {
    const both = isObject(value) && isObject(result[name]);
    result[name] = both ? merged(result[name], value) : value;
  }
  return result;
}

/** @param {unknown} value */
function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export { IotHubError };
