/**
 * The ground of the suite `client`: one hub and one Chromium for all themes, and for each test a device of its own,
 * a page with the built package, and the hub's events. Everything that is seen on the way is recorded here,
 * for `secrets.mjs`.
 */
import fs from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { BrowserWorld } from '../browser-world.mjs';
import { Service } from './service.mjs';

process.env.IOTHUB_LOCAL_LOG = 'debug'; // the log is searched too: it may as well say all it knows

const KIT = fs.readFileSync(path.join(path.dirname(fileURLToPath(import.meta.url)), 'kit.mjs'), 'utf8');
/** For a busy machine: only a test that hangs takes so long. */
const TIMEOUT = 240_000;

/** @type {Promise<BrowserWorld> | undefined} */
let world;

/** The hub, the browser and the server; started by the first test that asks. */
export function openWorld() {
  // No skew and no grace: a token that is used past its end shows at once.
  world ??= BrowserWorld.open(['--sas-skew', '0', '--sas-grace', '0']);
  return world;
}

after(async () => (await world)?.close());

/** What was seen while the tests ran, and the secrets that must not be in it. */
export const seen = { texts: /** @type {string[]} */ ([]), secrets: /** @type {Set<string>} */ (new Set()) };

/**
 * What a test gets.
 * @typedef {object} Ground
 * @property {string} deviceId
 * @property {string} credentials the device's connection string
 * @property {{ host: string, deviceId: string, useLocalHub: true, port: number }} address of the credentials, without the key
 * @property {string} key
 * @property {string} http the hub's address
 * @property {Service} service
 * @property {import('../local-api.mjs').LocalEvents} events
 * @property {import('playwright-core').Page} page
 * @property {Buffer[]} connects every CONNECT packet that left the page
 * @property {() => Promise<import('playwright-core').Page>} anotherPage in a profile of its own
 * @property {(id: string) => Promise<import('../local-api.mjs').LocalEvent>} telemetry the message with this id, as the hub has it
 */

/**
 * A test with a device, a page and the hub's events.
 * @param {string} name
 * @param {(ground: Ground) => Promise<void>} body
 * @param {number} [timeout]
 */
export function clientTest(name, body, timeout = TIMEOUT) {
  test(name, { timeout }, async () => {
    const ground = await lay();
    try {
      await body(ground.ground);
    } finally {
      await ground.clear();
    }
  });
}

/** @typedef {Awaited<ReturnType<typeof openKitPage>>} KitPage */

/** @type {KitPage | undefined} The page that most tests use one after the other: a fresh one costs a second. */
let shared;

async function lay() {
  const opened = await openWorld();
  const { deviceId, connectionString: credentials } = await opened.createDevice();
  const events = await opened.openEvents();
  shared ??= await openKitPage(opened);
  const { page } = shared;
  /** @type {Buffer[]} */
  const connects = [];
  shared.sink.connects = connects;
  /** @type {KitPage[]} */
  const others = [];
  const { http } = opened.hub.ready;
  const key = /SharedAccessKey=([^;]+)/.exec(credentials)?.[1] ?? '';
  seen.secrets.add(key);
  const address = {
    host: 'localhost',
    deviceId,
    useLocalHub: /** @type {const} */ (true),
    port: portOf(http),
  };
  const telemetry = (/** @type {string} */ id) =>
    events.next(
      `telemetry ${id}`,
      (e) => e.type === 'telemetry' && e.deviceId === deviceId && e.systemProperties['message-id'] === id,
    );
  /** @type {Ground} */
  const ground = {
    deviceId,
    credentials,
    address,
    key,
    http,
    service: new Service(http, deviceId),
    events,
    page,
    connects,
    anotherPage: async () => {
      const other = await openKitPage(opened);
      other.sink.connects = connects;
      others.push(other);
      return other.page;
    },
    telemetry,
  };
  return { ground, clear: () => clear(ground, others) };
}

/** @param {Ground} ground @param {KitPage[]} others */
async function clear({ service, events, connects }, others) {
  await service.healed();
  for (const { page, sink } of [shared, ...others].filter((open) => open !== undefined)) {
    seen.texts.push(...(await page.evaluate(() => kit.finish())), ...sink.heard.splice(0));
  }
  for (const { context } of others) await context.close();
  await events.close();
  seen.texts.push(...events.seen.map((event) => JSON.stringify(event)));
  for (const connect of connects) {
    const signature = /sig=([^&]+)/.exec(connect.toString('latin1'))?.[1];
    if (signature) seen.secrets.add(decodeURIComponent(signature));
  }
}

/** @param {BrowserWorld} opened */
async function openKitPage(opened) {
  const { page, context } = await opened.openPage();
  const sink = { heard: /** @type {string[]} */ ([]), connects: /** @type {Buffer[]} */ ([]) };
  const { heard } = sink;
  page.on('console', (message) => heard.push(`console ${message.text()}`));
  page.on('pageerror', (error) => heard.push(`uncaught ${error.stack ?? error.message}`));
  page.on('request', (request) => heard.push(`request ${request.url()}`));
  page.on('websocket', (socket) => {
    heard.push(`websocket ${socket.url()}`);
    socket.on('framesent', ({ payload }) => {
      if (typeof payload !== 'string' && payload[0] === 0x10) sink.connects.push(payload);
    });
  });
  await page.evaluate(async (source) => {
    const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
    Object.assign(globalThis, { kit: (await import(url)).kit });
  }, KIT);
  return { page, context, sink };
}

/** @param {string} http */
export function portOf(http) {
  return Number(new URL(http).port);
}

/** The fields of a CONNECT packet. @param {Buffer | undefined} packet */
export function readConnect(packet) {
  if (packet === undefined) throw new Error('no CONNECT left the page');
  let at = 1;
  while ((packet[at] ?? 0) & 0x80) at += 1;
  at += 1 + 6; // the length's last byte, then the protocol's name
  const [level = 0, flags = 0] = packet.subarray(at, at + 2);
  const keepAlive = packet.readUInt16BE(at + 2);
  at += 4;
  const field = () => {
    const length = packet.readUInt16BE(at);
    at += 2 + length;
    return packet.toString('utf8', at - length, at);
  };
  const clientId = field();
  const will = (flags & 4) === 0 ? undefined : { topic: field(), body: field(), qos: (flags >> 3) & 3 };
  const [userName, password] = [field(), field()];
  return { level, cleanSession: (flags & 2) !== 0, keepAlive, clientId, will, userName, password };
}
