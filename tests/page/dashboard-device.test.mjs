/** The device's side of the dashboard: sensors, methods, the inbox, and what is kept of them. */
import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
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

test('sensors follow a formula, play a sequence, freeze, come and go', { timeout: 150_000 }, async () => {
  const { context, page, dashboard } = await openDashboard(browser, files.url);
  await page.getByLabel('Temperature: how it moves').selectOption('formula');
  await page.getByLabel('Temperature: formula').fill('1 + who');
  await page.getByText('stops making sense at character 5').waitFor();
  await page.getByLabel('Temperature: formula').fill('20 + 2 * 4');
  await page.getByLabel('Humidity: how it moves').selectOption('sequence');
  await page.getByLabel('Humidity: sequence').fill('time,level\n1,77');
  await page.getByLabel('Add a sensor').selectOption('battery');
  await dashboard.untilTelemetry(
    (body) => body.temperature === 28 && body.humidity === 1 && 'battery' in body,
  );
  await page.getByRole('region', { name: 'Temperature' }).getByLabel('Freeze').check();
  await dashboard.slide('Temperature', 33);
  await dashboard.press('Remove Battery');
  await dashboard.untilTelemetry((body) => body.temperature === 33 && !('battery' in body));
  dashboard.noComplaints();
  await context.close();
});

test('the browser’s own position becomes telemetry, once it is allowed', { timeout: 150_000 }, async () => {
  const options = { permissions: ['geolocation'], geolocation: { latitude: 48.2082, longitude: 16.3738 } };
  const { context, page, dashboard } = await openDashboard(browser, files.url, options);
  await page.getByLabel('Use this device’s own').selectOption('location');
  await dashboard.untilTelemetry((body) => body.latitude === 48.2082 && body.longitude === 16.3738);
  await context.setGeolocation({ latitude: 47.0707, longitude: 15.4395 });
  await dashboard.untilTelemetry((body) => body.latitude === 47.0707);
  await dashboard.press('Remove Latitude');
  await dashboard.untilTelemetry((body) => !('latitude' in body) && body.longitude === 15.4395);
  dashboard.noComplaints();
  await context.close();
});

test('a method answers as its card says, and a firmware update reports its progress', {
  timeout: 60_000,
}, async () => {
  const { context, page, dashboard } = await openDashboard(browser, files.url);
  await page.locator('summary', { hasText: 'echo' }).click();
  await page.getByLabel('Reply').first().fill('{"answer":42}');
  await page.getByLabel('Status').first().fill('418');
  await dashboard.tab('Call a method');
  await dashboard.press('Call');
  const result = page.getByTestId('method-result');
  await result.filter({ hasText: '"answer": 42' }).waitFor();
  assert.match(await result.innerText(), /Status 418/);
  await page.getByRole('combobox', { name: 'Method', exact: true }).fill('firmwareUpdate');
  await dashboard.press('Call');
  await dashboard.tab('Desired properties');
  const progress = page.getByTestId('twin').locator('tr', { hasText: 'firmware.progress' });
  await progress.filter({ hasText: '100' }).waitFor();
  dashboard.noComplaints();
  await context.close();
});

test('a held message comes again until it is acknowledged', { timeout: 150_000 }, async () => {
  const { context, page, dashboard } = await openDashboard(browser, files.url);
  await page.getByLabel('Hold').check();
  await page.getByLabel('Message', { exact: true }).fill('take your time');
  await dashboard.press('Send');
  await page.getByText('delivered', { exact: true }).waitFor();
  await dashboard.press('Let it come again');
  await dashboard.tab('Trouble');
  await dashboard.press('Cut the link');
  await page.getByText('It came before.').waitFor();
  await dashboard.press('Acknowledge');
  await dashboard.tab('Cloud to device');
  await page.getByText('acknowledged', { exact: true }).last().waitFor();
  await page.getByText('delivered 2 times').waitFor();
  dashboard.noComplaints();
  await context.close();
});

test('a scenario goes by link, and lasts until the next visit', { timeout: 150_000 }, async () => {
  const permissions = ['clipboard-read', 'clipboard-write'];
  const { context, page, dashboard } = await openDashboard(browser, files.url, { permissions });
  await page.getByLabel('Temperature: how it moves').selectOption('formula');
  await page.getByLabel('Temperature: formula').fill('7 * 8');
  await page.getByText('Keep', { exact: true }).click();
  await dashboard.press('Copy a link to it');
  await page.getByText('never a key').waitFor();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(link, /#scenario=[\w-]+$/);
  const other = await openDashboard(browser, link);
  await other.dashboard.untilTelemetry((body) => body.temperature === 56);
  other.dashboard.noComplaints();
  await other.context.close();
  await page.waitForFunction(() => JSON.stringify({ ...localStorage }).includes('7 * 8'));
  await page.reload();
  await dashboard.telemetry.first().waitFor();
  await dashboard.untilTelemetry((body) => body.temperature === 56);
  dashboard.noComplaints();
  await context.close();
});

test('what was recorded is exported as JSON lines and CSV', { timeout: 150_000 }, async () => {
  const { context, page, dashboard } = await openDashboard(browser, files.url);
  await dashboard.telemetry.nth(2).waitFor();
  await page.getByText('Keep', { exact: true }).click();
  const saved = async (/** @type {string} */ name) => {
    const [download] = await Promise.all([page.waitForEvent('download'), dashboard.press(name)]);
    return fs.readFile(await download.path(), 'utf8');
  };
  const lines = (await saved('Export as JSON lines'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.ok(lines.length >= 3);
  assert.equal(lines[0].systemProperties['content-type'], 'application/json');
  const csv = (await saved('Export as CSV')).split('\r\n');
  assert.equal(csv[0], 'time,temperature,humidity');
  assert.match(csv[1] ?? '', /^\d{4}-\d\d-\d\dT[\d:.]+Z,[\d.-]+,[\d.]+$/);
  dashboard.noComplaints();
  await context.close();
});
