/** The service's side of the dashboard: the registry, the wire, the fleet, and a hub of one's own. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launchChromium } from '../chromium.mjs';
import { openDashboard } from './dashboard.mjs';
import { startStaticHost } from './static-host.mjs';

/** @type {import('playwright-core').Browser} */
let browser;
/** @type {Awaited<ReturnType<typeof startStaticHost>>} */
let files;

before(async () => {
  [browser, files] = await Promise.all([launchChromium(), startStaticHost()]);
});

after(async () => {
  await browser?.close();
  await files?.stop();
});

test('a disabled device is shut out, and let in again', { timeout: 180_000 }, async () => {
  const { context, page, dashboard } = await openDashboard(browser, files.url);
  await dashboard.tab('Devices');
  const own = page.getByTestId('devices').locator('li', { hasText: 'this page' });
  await own.filter({ hasText: 'connected' }).waitFor();
  await own.getByRole('button', { name: 'Disable' }).click();
  await own.filter({ hasText: 'disabled' }).waitFor();
  await dashboard.untilWire(/disconnected|refused/);
  await own.getByRole('button', { name: 'Enable' }).click();
  await dashboard.press('Make this page’s device again and connect');
  await dashboard.untilLight('Connected');
  await dashboard.telemetry.nth(1).waitFor();
  dashboard.noComplaints();
  await context.close();
});

test('the inspector takes a packet apart and ties it to its answer', { timeout: 150_000 }, async () => {
  const { context, page, dashboard } = await openDashboard(browser, files.url);
  const publish = dashboard.wire.filter({ hasText: /PUBLISH.*telemetry/ }).last();
  await publish.getByRole('button').click();
  const inspector = page.getByRole('region', { name: 'Inspector' });
  await inspector.getByText('Answered after').waitFor();
  const text = await inspector.innerText();
  assert.match(text, /devices\/page-\w+\/messages\/events\//);
  assert.match(text, /content-type\s+application\/json/);
  assert.match(text, /temperatureAlert\s+(true|false)/);
  assert.match(text, /0000 {2}32 /);
  await inspector.getByText('Answered after').click();
  await inspector.getByRole('heading', { name: 'PUBACK' }).waitFor();
  await page.getByLabel('Search').fill('$iothub/twin/GET');
  await dashboard.wire.filter({ hasText: 'twin get' }).first().waitFor();
  assert.equal(await dashboard.wire.filter({ hasText: 'PUBACK' }).count(), 0);
  dashboard.noComplaints();
  await context.close();
});

test('no token of a CONNECT is ever shown', { timeout: 150_000 }, async () => {
  const { context, page, dashboard } = await openDashboard(browser, files.url);
  await dashboard.tab('Trouble');
  await dashboard.press('Cut the link');
  await dashboard.untilWire(/reconnected/);
  await dashboard.wire
    .filter({ hasText: /^.*CONNECT ?protocol/ })
    .first()
    .getByRole('button')
    .click();
  const inspector = page.getByRole('region', { name: 'Inspector' });
  await inspector.getByText('token ends').waitFor();
  assert.doesNotMatch(await page.locator('body').innerText(), /sig=(?!\[redacted\])/);
  dashboard.noComplaints();
  await context.close();
});

test('a fleet of two hundred connects and sends', { timeout: 120_000 }, async () => {
  const { context, page, dashboard } = await openDashboard(browser, files.url);
  await page.getByLabel('How many devices').fill('200');
  await dashboard.press('Start');
  const figures = page.getByTestId('fleet');
  await figures.getByText('200 / 200').waitFor({ timeout: 60_000 });
  const perSecond = figures.locator('div', { hasText: 'Messages per second' }).locator('dd').first();
  await page.waitForFunction((figure) => Number(figure?.textContent) > 150, await perSecond.elementHandle());
  await page.getByLabel('Device number').fill('17');
  await page.getByText(/fleet-\w+-0017/).waitFor();
  await dashboard.press('Stop');
  await figures.getByText('0 / 200').waitFor();
  dashboard.noComplaints();
  await context.close();
});

test('a pasted connection string is explained as it is typed', { timeout: 150_000 }, async () => {
  const { context, page, dashboard } = await openDashboard(browser, files.url);
  await page.getByRole('radio', { name: 'My hub' }).check();
  const field = page.getByLabel('Connection string of a device');
  const key = Buffer.alloc(32, 7).toString('base64');
  await field.fill(`HostName=h.azure-devices.net;SharedAccessKeyName=iothubowner;SharedAccessKey=${key}`);
  await page.getByText(/hub-connection-string/).waitFor();
  await field.fill('HostName=h.azure-devices.net;DeviceId=d;SharedAccessKey=not*base64');
  await page.getByText(/key-format/).waitFor();
  await field.fill(`HostName=h.azure-devices.net;DeviceId=d;SharedAccessKey=${key}`);
  await page.getByText('Device d at h.azure-devices.net.').waitFor();
  const stored = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));
  assert.doesNotMatch(stored, /SharedAccess|azure-devices/);
  await page.getByRole('radio', { name: 'This page' }).check();
  await dashboard.telemetry.nth(1).waitFor();
  dashboard.noComplaints();
  await context.close();
});
