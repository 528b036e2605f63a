/**
 * Many devices in one page: 200 over real sockets (a profile of Chromium has room for about 255) and 1,000 at the
 * hub in the page. Each sends once a second for a minute, and every message is acknowledged on its first link. What
 * an idle client holds is measured before.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { BrowserWorld } from '../browser-world.mjs';
import { heldBytes } from './memory.mjs';

const SECONDS = 60;
const SOCKETS = 200;
const IN_PAGE = 1000;
const DEADLINE_MS = 240_000;

/** What 1,000 idle clients may hold of the page's heap and of wasm memory. */
const MB_PER_1000 = 6;

/** @type {BrowserWorld} */
let world;

before(async () => {
  world = await BrowserWorld.open();
});

after(() => world?.close());

test('a minute of two fleets', { timeout: DEADLINE_MS, concurrency: 2 }, async (t) => {
  await Promise.all([
    t.test(`${SOCKETS} devices in a page, over sockets`, overSockets),
    t.test(`${IN_PAGE} devices in a page, with its hub`, withHubInPage),
  ]);
});

/** @param {import('node:test').TestContext} t */
async function overSockets(t) {
  const { context, page, complaints } = await world.openPage();
  const { heap, wasm, browser } = await connected(page, await imported(SOCKETS));
  const own = heap + wasm;
  t.diagnostic(
    `measured: 1,000 idle clients on sockets hold ${mb(own)} MB: ${mb(heap)} MB of the page's heap and ` +
      `${mb(wasm)} MB of wasm memory; the browser holds ${mb(browser)} MB for their sockets and listeners`,
  );
  await checkMinute(page, SOCKETS, 'on sockets');
  assert.ok(own <= MB_PER_1000 * 1e6, `1,000 idle clients hold ${mb(own)} MB`);
  assert.deepEqual(complaints, []);
  await context.close();
}

/** @param {import('node:test').TestContext} t */
async function withHubInPage(t) {
  const { context, page, complaints } = await world.openPage();
  const entry = new URL('./hub/browser.js', new URL(world.server.entry, world.server.url)).href;
  const credentials = await page.evaluate(startHub, /** @type {const} */ ([entry, IN_PAGE]));
  const { heap, wasm } = await connected(page, credentials);
  t.diagnostic(
    `measured: 1,000 idle clients with their hub in the page hold ${mb(heap)} MB of its heap, the hub's side ` +
      `included, and ${mb(wasm)} MB of the clients' wasm memory`,
  );
  await checkMinute(page, IN_PAGE, 'with the hub in the page');
  assert.deepEqual(complaints, []);
  await context.close();
}

/**
 * Connects them all. The first ones make the page compile what it needs; what the others hold is told, in bytes per
 * 1,000.
 * @param {import('playwright-core').Page} page
 * @param {string[]} credentials
 */
async function connected(page, credentials) {
  const first = 40;
  await page.evaluate(makeFleet, credentials);
  await page.evaluate(`fleet.connect(${first})`);
  const before = await heldBytes(page);
  await page.evaluate('fleet.connect()');
  const after = await heldBytes(page);
  const perThousand = (/** @type {keyof typeof after} */ part) =>
    (after[part] - before[part]) * (1000 / (credentials.length - first));
  return { heap: perThousand('heap'), wasm: perThousand('wasm'), browser: perThousand('browser') };
}

/** @param {number} bytes */
function mb(bytes) {
  return (bytes / 1e6).toFixed(2);
}

/**
 * @param {import('playwright-core').Page} page
 * @param {number} devices
 * @param {string} where
 */
async function checkMinute(page, devices, where) {
  const minute = page.evaluate(`fleet.run(${SECONDS})`);
  const timer = setInterval(() => {
    page.evaluate('fleet.told()').then((told) => console.log(`      ${where}: ${told}`), ignore);
  }, 10_000);
  try {
    const expected = { acknowledged: devices * SECONDS, failed: [], resent: 0, reconnects: 0 };
    assert.deepEqual(await minute, expected);
    console.log(`      ${where}: all ${devices * SECONDS} messages acknowledged`);
  } finally {
    clearInterval(timer);
  }
}

/** A page that was closed has nothing more to tell. */
function ignore() {}

/** So many new devices of the hub, in one import. @param {number} count @returns {Promise<string[]>} */
async function imported(count) {
  const { http } = world.hub.ready;
  const devices = Array.from({ length: count }, (_, n) => ({ deviceId: `fleet-${n}` }));
  const headers = { 'content-type': 'application/json' };
  const body = JSON.stringify({ devices });
  const answer = await fetch(`${http}/local/import`, { method: 'POST', headers, body });
  assert.ok(answer.ok, `the import was answered with ${answer.status}: ${await answer.text()}`);
  const all = /** @type {{ deviceId: string, connectionString: string }[]} */ (
    await (await fetch(`${http}/local/devices`)).json()
  );
  const fleet = all.filter(({ deviceId }) => deviceId.startsWith('fleet-'));
  assert.equal(fleet.length, count);
  const local = `UseLocalHub=true;Port=${new URL(http).port}`;
  return fleet.map(({ connectionString }) =>
    connectionString.includes('UseLocalHub=') ? connectionString : `${connectionString};${local}`,
  );
}

/** In the page: a hub with so many devices; gives their connection strings. @param {readonly [string, number]} what @returns {Promise<string[]>} */
async function startHub([entry, count]) {
  const { LocalHub } = await import(entry);
  const hub = await LocalHub.start();
  const devices = Array.from({ length: count }, (_, n) => ({ deviceId: `fleet-${n}` }));
  const body = JSON.stringify({ devices });
  const answer = await hub.fetch('/local/import', { method: 'POST', body });
  if (!answer.ok) throw new Error(`the import was answered with ${answer.status}: ${answer.text()}`);
  Object.assign(globalThis, { hub });
  return Promise.all(devices.map(({ deviceId }) => hub.connectionString(deviceId)));
}

/** In the page: `globalThis.fleet`. @param {string[]} credentials */
function makeFleet(credentials) {
  const { hub } = /** @type {any} */ (globalThis);
  const options = hub ? { WebSocket: hub.WebSocket } : {};
  /** @type {import('iothub-wasm').DeviceClient[]} */
  const devices = [];
  let acknowledged = 0;
  /** @type {string[]} */
  const failed = [];
  /** A message every second, each device at its own part of it. */
  const sendEverySecond = async (/** @type {number} */ index, /** @type {number} */ seconds) => {
    const begin = performance.now() + (index / devices.length) * 1000;
    const sent = [];
    for (let second = 0; second < seconds; second += 1) {
      await new Promise((due) => setTimeout(due, begin + second * 1000 - performance.now()));
      const message = { body: `message ${second}`, properties: { second: String(second) } };
      sent.push(
        devices[index].send(message, { timeout: 30_000 }).then(
          () => acknowledged++,
          (/** @type {Error} */ error) => failed.push(error.message),
        ),
      );
    }
    await Promise.all(sent);
  };
  const fleet = {
    /** So many, or all that are left. */
    async connect(count = credentials.length) {
      const next = credentials.splice(0, count);
      const clients = next.map((credential) => iothub.DeviceClient.connect(credential, options));
      devices.push(...(await Promise.all(clients)));
    },
    /** @param {number} seconds */
    async run(seconds) {
      await Promise.all(devices.map((_, index) => sendEverySecond(index, seconds)));
      const sum = (/** @type {'resent' | 'reconnects'} */ name) =>
        devices.reduce((total, device) => total + device.metrics[name], 0);
      return { acknowledged, failed, resent: sum('resent'), reconnects: sum('reconnects') };
    },
    told: () => `${acknowledged} acknowledged, ${failed.length} failed`,
  };
  Object.assign(globalThis, { fleet });
}
