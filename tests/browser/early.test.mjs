/**
 * The first socket of a page is opened while the wasm is on its way, goes to the same address that the driver dials,
 * is the only one, and is closed unused when there is nothing to connect.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { BrowserWorld } from '../browser-world.mjs';

const TEST = { timeout: 300_000 };
const KEY = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=';

/** @type {BrowserWorld} */
let world;

before(async () => {
  world = await BrowserWorld.open();
});

after(() => world?.close());

test('it opens while the wasm is fetched, and is the one that is used', TEST, async () => {
  const { page, release, close } = await openHeld();
  const { connectionString } = await world.createDevice();
  await page.evaluate(begin, connectionString);
  await page.waitForFunction(() => sockets[0]?.readyState === WebSocket.OPEN);
  release();
  const seen = await page.evaluate(async () => {
    const device = await connecting;
    await device.send({ body: 'hello' });
    const { sent, acked, reconnects } = device.metrics;
    await device.close();
    return { sent, acked, reconnects, sockets: sockets.length };
  });
  assert.deepEqual(seen, { sent: 1, acked: 1, reconnects: 0, sockets: 1 });
  await close();
});

test('it is still opening when the wasm is there', TEST, async () => {
  const { page, close } = await openHeld({ held: false });
  const { connectionString } = await world.createDevice();
  await page.evaluate(begin, connectionString);
  const count = await page.evaluate(async () => {
    await (await connecting).close();
    return sockets.length;
  });
  assert.equal(count, 1);
  await close();
});

test('one that was lost meanwhile is replaced', TEST, async () => {
  const { page, release, close } = await openHeld();
  const { connectionString } = await world.createDevice();
  await page.evaluate(begin, connectionString);
  await page.waitForFunction(() => sockets[0]?.readyState === WebSocket.OPEN);
  await page.evaluate(() => sockets[0]?.close());
  release();
  const seen = await page.evaluate(async () => {
    const device = await connecting;
    await device.send({ body: 'hello' });
    const { reconnects } = device.metrics;
    await device.close();
    return { reconnects, sockets: sockets.length };
  });
  assert.deepEqual(seen, { reconnects: 0, sockets: 2 });
  await close();
});

test('options that are refused leave it closed, and the hub without a CONNECT', TEST, async () => {
  const { page, context } = await world.openPage({ prepare: recordSockets });
  const { deviceId, connectionString } = await world.createDevice();
  const events = await world.openEvents();
  const code = await page.evaluate(
    (credentials) =>
      iothub.DeviceClient.connect(credentials, { keepAliveSeconds: 0 }).catch(({ code }) => code),
    connectionString,
  );
  assert.equal(code, 'argument');
  await page.waitForFunction(() => sockets.length === 1 && sockets[0]?.readyState === WebSocket.CLOSED);
  // What comes after it in the hub's own order: had there been a CONNECT, it would have been told before.
  await page.evaluate(
    async (credentials) => (await iothub.DeviceClient.connect(credentials)).close(),
    connectionString,
  );
  await events.next(
    'the disconnect',
    (event) => event.state === 'disconnected' && event.deviceId === deviceId,
  );
  const connects = events.seen.filter((event) => event.state === 'connected' && event.deviceId === deviceId);
  assert.equal(connects.length, 1);
  await events.close();
  // No look at its complaints: Chromium writes one when a socket is closed that is still opening.
  await context.close();
});

test('wasm that can not be had leaves it closed', TEST, async () => {
  const { page, context } = await world.openPage({ prepare: recordSockets });
  await page.route('**/*.wasm', (route) => route.abort());
  const { connectionString } = await world.createDevice();
  const code = await page.evaluate(
    (credentials) => iothub.DeviceClient.connect(credentials).catch(({ code }) => code),
    connectionString,
  );
  assert.equal(code, 'runtime');
  await page.waitForFunction(() => sockets.length === 1 && sockets[0]?.readyState === WebSocket.CLOSED);
  await context.close();
});

const TOKEN = `SharedAccessSignature sr=a&sig=${encodeURIComponent(KEY)}&se=9999999999`;
const STRING = `HostName=my-hub.azure-devices.net;DeviceId=d;SharedAccessKey=${KEY}`;
const LOCAL = `HostName=localhost;DeviceId=d;SharedAccessKey=${KEY};UseLocalHub=true`;
const OBJECT = { host: 'my-hub.azure-devices.net', deviceId: 'd' };

/** @type {import('iothub-wasm').Credentials[]} */
const DIALLED = [
  STRING,
  STRING.replace('DeviceId=d', 'DeviceId=d;ModuleId=m'),
  STRING.replace('HostName', 'hostname'),
  `${STRING};GatewayHostName=edge.example.com`,
  STRING.replace(/SharedAccessKey=.*/, `SharedAccessSignature=${TOKEN}`),
  LOCAL,
  `${LOCAL};Port=4281`,
  LOCAL.replace('localhost', '127.0.0.1'),
  LOCAL.replace('localhost', '[::1]'),
  { ...OBJECT, key: KEY },
  { ...OBJECT, sas: TOKEN, moduleId: 'm' },
  { ...OBJECT, key: KEY, gatewayHost: 'edge.example.com' },
  { host: 'localhost', deviceId: 'd', key: KEY, useLocalHub: true },
  { host: 'localhost', deviceId: 'd', key: KEY, useLocalHub: true, port: 4281 },
];

test('its address is the one that the driver dials', TEST, async () => {
  const { page, context } = await world.openPage();
  for (const credentials of DIALLED) {
    const [early, dialled] = await page.evaluate(bothAddresses, credentials);
    assert.match(early ?? '', /^wss?:/, JSON.stringify(credentials));
    assert.equal(early, dialled);
  }
  await context.close();
});

/** @type {unknown[]} */
const IN_DOUBT = [
  undefined,
  null,
  5,
  '',
  'HostName',
  `HostName=my-hub.azure-devices.net;SharedAccessKeyName=iothubowner;SharedAccessKey=${KEY}`,
  STRING.replace('.azure-devices.net', ''),
  STRING.replace(KEY, 'not a key'),
  `${STRING};UseLocalHub=true`,
  `${STRING};Port=4280`,
  STRING.replace('my-hub', 'user@my-hub'),
  { ...OBJECT },
  { ...OBJECT, key: KEY, port: 4280 },
  { ...OBJECT, key: KEY, host: 5 },
  { ...OBJECT, key: KEY, useLocalHub: true },
  { host: 'localhost', deviceId: 'd', key: KEY, useLocalHub: true, gatewayHost: 'edge.example.com' },
];

test('what is in doubt is left to the driver', TEST, async () => {
  const { page, context } = await world.openPage();
  for (const credentials of IN_DOUBT) {
    const early = await page.evaluate(earlyAddress, credentials);
    assert.equal(early, undefined, JSON.stringify(credentials));
  }
  await context.close();
});

/** A page that keeps its sockets in `sockets`; its wasm waits for `release`. */
async function openHeld({ held = true } = {}) {
  const opened = await world.openPage({ prepare: recordSockets });
  /** @type {() => void} */
  let release = () => {};
  const released = new Promise((resolve) => {
    release = () => resolve(undefined);
  });
  if (held) await opened.page.route('**/*.wasm', (route) => released.then(() => route.continue()));
  const close = async () => {
    assert.deepEqual(opened.complaints, []);
    await opened.context.close();
  };
  return { page: opened.page, release, close };
}

function recordSockets() {
  /** @type {WebSocket[]} */
  const sockets = [];
  class Recorded extends WebSocket {
    /** @param {string} url @param {string} protocol */
    constructor(url, protocol) {
      super(url, protocol);
      sockets.push(this);
    }
  }
  Object.assign(globalThis, { sockets, WebSocket: Recorded });
}

/** @param {any} credentials */
function begin(credentials) {
  Object.assign(globalThis, { connecting: iothub.DeviceClient.connect(credentials) });
}

/** @param {any} credentials */
async function earlyAddress(credentials) {
  const file = '/pkg/early.js';
  const { addressOf } = await import(file);
  return addressOf(credentials);
}

/** Where it would dial early, and where the driver dials; nobody is called. @param {any} credentials */
async function bothAddresses(credentials) {
  const file = '/pkg/early.js';
  const { addressOf } = await import(file);
  // Loads the wasm: from then on nothing is early.
  await iothub.DeviceClient.parseConnectionString(
    'HostName=h.example.com;DeviceId=d;SharedAccessKey=AAAA',
  ).catch(() => {});
  const giveUp = new AbortController();
  const dialled = new Promise((resolve, reject) => {
    const WebSocket = /** @type {any} */ (
      class extends EventTarget {
        /** @param {string} url */
        constructor(url) {
          super();
          resolve(url);
        }
        close() {}
      }
    );
    iothub.DeviceClient.connect(credentials, { WebSocket, signal: giveUp.signal }).catch(reject);
  });
  const addresses = [addressOf(credentials), await dialled];
  giveUp.abort();
  return addresses;
}
