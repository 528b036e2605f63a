/**
 * The ground of the suite `cloudflare`: a hub, and the example's Worker (with the test's objects) in workerd, from the
 * packed tarball. `call` invokes a method of an object, `createDevice` enters a device with the key of the group.
 */
import { createHmac } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { startHub } from '../hub-process.mjs';
import { LocalEvents } from '../local-api.mjs';
import { installPacked } from '../packed.mjs';
import { Service } from '../runtimes/hosts/service.js';
import { bundleWorker, openWorkerd } from '../runtimes/workerd.mjs';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const ROOT = path.resolve(HERE, '../..');
/** Copied into the project, each at the same place. */
const SOURCES = ['examples/cloudflare-device', 'examples/cloudflare-worker', 'tests/cloudflare/worker.js'];

export const GROUP_KEY = Buffer.from('a group key for tests, 32 bytes!').toString('base64');
export const SECRETS = { WEBHOOK_SECRET: 'hook', SESSION_SECRET: 'session' };

export class CloudflareWorld {
  /** @param {import('../packed.mjs').Project} project @param {import('../hub-process.mjs').HubProcess} hub @param {any} workerd @param {LocalEvents} events */
  constructor(project, hub, workerd, events) {
    this.project = project;
    this.hub = hub;
    this.workerd = workerd;
    this.events = events;
  }

  static async open() {
    const project = await installPacked({ dependencies: ['ws'] });
    for (const name of SOURCES)
      fs.cpSync(path.join(ROOT, name), path.join(project.folder, name), { recursive: true });
    const entry = path.join(project.folder, 'tests/cloudflare/worker.js');
    const script = await bundleWorker(entry, path.join(project.folder, 'out'));
    const hub = await startHub();
    const { port } = new URL(hub.ready.http);
    const classes = {
      DEVICES: 'Thermostat',
      STANDING: 'Standing',
      OWN_SOCKET: 'OwnSocket',
      WINDOWED: 'Windowed',
      ON_DEMAND: 'OnDemand',
      SMALL: 'Small',
    };
    const durableObjects = Object.fromEntries(
      Object.entries(classes).map(([name, className]) => [name, { className, useSQLite: name !== 'SMALL' }]),
    );
    const bindings = { IOTHUB_HOST: 'localhost', LOCAL_PORT: port, GROUP_KEY, ...SECRETS };
    const workerd = await openWorkerd(script, { durableObjects, bindings });
    return new CloudflareWorld(project, hub, workerd, await LocalEvents.open(hub.ready.http));
  }

  async close() {
    await this.workerd.dispose();
    await this.events.close();
    await this.hub.stop();
    this.project.remove();
  }

  /**
   * The installed package in this process, with a socket for a Node that has none.
   * @returns {Promise<{ DeviceClient: typeof import('iothub-wasm').DeviceClient, WebSocket: any }>}
   */
  async library() {
    const file = (/** @type {string} */ name) =>
      import(pathToFileURL(path.join(this.project.folder, 'node_modules', name)).href);
    const [{ DeviceClient }, { WebSocket }] = [
      await file('iothub-wasm/node.js'),
      await file('ws/wrapper.mjs'),
    ];
    return { DeviceClient, WebSocket };
  }

  /** A new identity whose key is derived from the group's. */
  async createDevice(deviceId = `edge-${crypto.randomUUID().slice(0, 8)}`) {
    const key = createHmac('sha256', Buffer.from(GROUP_KEY, 'base64')).update(deviceId).digest('base64');
    const service = new Service(this.hub.ready.http, deviceId);
    const symmetricKey = { primaryKey: key, secondaryKey: key };
    await service.call('PUT', '', { deviceId, authentication: { type: 'sas', symmetricKey } });
    return { deviceId, key, service };
  }

  /** @param {string} pathname @param {RequestInit} [init] @returns {Promise<Response>} */
  fetch(pathname, init) {
    return this.workerd.dispatchFetch(`http://worker${pathname}`, init);
  }

  /**
   * Calls a method of an object; one that was evicted meanwhile is called again, as the platform advises.
   * @param {string} binding @param {string} id @param {string} method @param {unknown} [argument]
   */
  async call(binding, id, method, argument) {
    const init = argument === undefined ? {} : { method: 'POST', body: JSON.stringify(argument) };
    const response = await this.fetch(`/test/${binding}/${id}/${method}`, init);
    const text = await response.text();
    if (response.status === 200) return JSON.parse(text);
    throw new Error(`${binding}.${method} failed: ${text}`);
  }

  /** Ends an object as an eviction does. @param {string} binding @param {string} id */
  async evict(binding, id) {
    const failed = await this.call(binding, id, 'evict').catch((error) => error);
    if (!String(failed).includes('evicted by the test')) throw new Error(`it was not evicted: ${failed}`);
  }

  /** @param {string} deviceId @param {string} what @param {(event: any) => boolean} wanted */
  event(deviceId, what, wanted) {
    return this.events.next(what, (event) => event.deviceId === deviceId && wanted(event));
  }
}
