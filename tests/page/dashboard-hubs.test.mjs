/** The switch of the dashboard: the hub in the page, a hub on this computer, a hub of one's own. */
import assert from 'node:assert/strict';
import http from 'node:http';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { launchChromium } from '../chromium.mjs';
import { startHub } from '../hub-process.mjs';
import { LocalEvents } from '../local-api.mjs';
import { openDashboard } from './dashboard.mjs';
import { startStaticHost } from './static-host.mjs';

const WWW = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../www/dist');
const TEST = { timeout: 300_000 };
const KEY = Buffer.alloc(32, 7).toString('base64');

/** @type {import('playwright-core').Browser} */
let browser;
/** @type {import('../hub-process.mjs').HubProcess} */
let hub;
/** @type {Awaited<ReturnType<typeof startStaticHost>>} */
let files;

before(async () => {
  [browser, hub, files] = await Promise.all([
    launchChromium(),
    startHub({ args: ['--www', WWW] }),
    startStaticHost(),
  ]);
});

after(async () => {
  await browser?.close();
  await Promise.all([hub?.stop(), files?.stop()]);
});

test('from the hub in the page to one on this computer and back', TEST, async (t) => {
  const address = `${files.url}?hub=${encodeURIComponent(hub.ready.http)}`;
  const events = await LocalEvents.open(hub.ready.http);
  t.after(() => events.close());
  const { context, page, dashboard } = await openDashboard(browser, address);
  await events.next('telemetry of the page', (event) => event.type === 'telemetry');
  await page.getByRole('radio', { name: 'This page' }).check();
  await events.next('the end of that link', (event) => event.state === 'disconnected');
  await dashboard.telemetry.nth(1).waitFor();
  await page.getByRole('radio', { name: 'Local hub' }).check();
  await page.getByText(new URL(hub.ready.http).host).waitFor();
  await dashboard.telemetry.nth(1).waitFor();
  dashboard.noComplaints();
  await context.close();
});

test('a pasted connection string is explained as it is typed, and stays in memory', TEST, async () => {
  const { context, page, dashboard } = await openDashboard(browser, files.url);
  await page.getByRole('radio', { name: 'My hub' }).check();
  const field = page.getByLabel('Connection string of a device');
  await field.fill(`HostName=h.azure-devices.net;SharedAccessKeyName=iothubowner;SharedAccessKey=${KEY}`);
  await page.getByText(/hub-connection-string/).waitFor();
  await field.fill('HostName=h.azure-devices.net;DeviceId=d;SharedAccessKey=not*base64');
  await page.getByText(/key-format/).waitFor();
  await field.fill(`HostName=h.azure-devices.net;DeviceId=d;SharedAccessKey=${KEY}`);
  await page.getByText('Device d at h.azure-devices.net.').waitFor();
  assert.equal(await page.getByText('This computer’s clock is').count(), 0);
  await storesNoSecret(page);
  await page.getByRole('radio', { name: 'This page' }).check();
  await dashboard.telemetry.nth(1).waitFor();
  dashboard.noComplaints();
  await context.close();
});

test('a clock that is off is told before it spoils a token', TEST, async (t) => {
  const late = await startStaticHost({ clockAheadMs: 7 * 60_000 });
  t.after(() => late.stop());
  const { context, page, dashboard } = await openDashboard(browser, late.url);
  await page.getByRole('radio', { name: 'My hub' }).check();
  await page.getByText('This computer’s clock is 7 minutes behind').waitFor();
  dashboard.noComplaints();
  await context.close();
});

test('a device of one’s own hub is real: its telemetry lands there', TEST, async (t) => {
  const [device] = hub.ready.devices;
  const { context, page, dashboard } = await openDashboard(browser, files.url);
  const events = await LocalEvents.open(hub.ready.http);
  t.after(() => events.close());
  await page.getByRole('radio', { name: 'My hub' }).check();
  await page.getByLabel('Connection string of a device').fill(device?.connectionString ?? '');
  await dashboard.press('Connect');
  await dashboard.untilLight('Connected');
  const told = await events.next('its telemetry', (event) => event.type === 'telemetry');
  assert.equal(told.deviceId, device?.deviceId);
  await page.getByRole('heading', { name: 'The service side of your hub' }).waitFor();
  await dashboard.untilWire(/PUBLISH.*telemetry/);
  await storesNoSecret(page);
  dashboard.noComplaints();
  await context.close();
});

test('tokens come from an address, so that no key reaches the page', TEST, async (t) => {
  const signer = await startSigner();
  t.after(() => signer.stop());
  const { context, page, dashboard } = await openDashboard(browser, files.url);
  await page.getByRole('radio', { name: 'My hub' }).check();
  await page.getByRole('radio', { name: 'Token address' }).check();
  await page.getByLabel('Host name of the hub').fill('localhost');
  await page.getByLabel('Device id').fill('device-1');
  await page.getByRole('textbox', { name: 'Token address' }).fill(signer.url);
  await dashboard.press('Connect');
  const asked = await signer.asked;
  assert.equal(asked.get('audience'), 'localhost/devices/device-1');
  assert.ok(Number(asked.get('expiresAt')) > Date.now() / 1_000);
  await context.close();
});

test('a program of one’s own connects with what the registry copies', TEST, async () => {
  const permissions = ['clipboard-read', 'clipboard-write'];
  const { context, page, dashboard } = await openDashboard(browser, `${hub.ready.http}/`, { permissions });
  await dashboard.tab('Devices');
  await page.getByLabel('New device').fill('from-the-page');
  await dashboard.press('Create');
  await dashboard.press('Copy string: how a program connects as from-the-page');
  await page.getByText('Copied: the connection string of from-the-page.').waitFor();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  const port = new URL(hub.ready.http).port;
  assert.match(copied, new RegExp(`DeviceId=from-the-page;.*UseLocalHub=true;Port=${port}$`));
  await storesNoSecret(page);
  dashboard.noComplaints();
  await context.close();
});

test('a fleet of two hundred connects over sockets', TEST, async () => {
  const { context, page, dashboard } = await openDashboard(browser, `${hub.ready.http}/`);
  const many = page.getByLabel('How many devices');
  assert.equal(await many.getAttribute('max'), '200');
  await many.fill('200');
  await dashboard.press('Start');
  const figures = page.getByTestId('fleet');
  await figures.getByText('200 / 200').waitFor({ timeout: 90_000 });
  await dashboard.press('Stop');
  await figures.getByText('0 / 200').waitFor();
  await untilNoFleet();
  dashboard.noComplaints();
  await context.close();
});

test('a local hub that is not there is told, with two ways on', TEST, async () => {
  const { context, page, dashboard } = await openDashboard(browser, files.url);
  await page.getByRole('radio', { name: 'Local hub' }).check();
  await page.getByRole('button', { name: 'Use the hub in this page' }).waitFor();
  await dashboard.untilLight('Closed');
  await dashboard.press('Use the hub in this page');
  await dashboard.untilLight('Connected');
  await dashboard.telemetry.first().waitFor();
  await context.close();
});

/** Waits until the registry holds no device of a fleet. */
async function untilNoFleet() {
  const end = Date.now() + 120_000;
  for (;;) {
    const answer = await fetch(new URL('local/devices', hub.ready.http));
    const devices = /** @type {{ deviceId: string }[]} */ (await answer.json());
    const left = devices.filter(({ deviceId }) => deviceId.startsWith('fleet-'));
    if (left.length === 0) return;
    assert.ok(Date.now() < end, `${left.length} devices of the fleet are left in the registry`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** @param {import('playwright-core').Page} page */
async function storesNoSecret(page) {
  const stored = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));
  assert.doesNotMatch(stored, /SharedAccess|azure-devices|[A-Za-z0-9+/]{40,}=/);
  assert.doesNotMatch(await page.evaluate(() => document.cookie + location.href), /SharedAccess/);
}

/** A server that is asked for tokens; it answers one that no hub takes, which is enough to see how it is asked. */
async function startSigner() {
  /** @type {(asked: URLSearchParams) => void} */
  let tell = () => {};
  /** @type {Promise<URLSearchParams>} */
  const asked = new Promise((resolve) => {
    tell = resolve;
  });
  const server = http.createServer((request, response) => {
    tell(new URL(request.url ?? '/', 'http://localhost').searchParams);
    response.setHeader('access-control-allow-origin', '*');
    response.end('SharedAccessSignature sr=localhost&sig=AAAA&se=1');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${port}/token`, asked, stop };
}
