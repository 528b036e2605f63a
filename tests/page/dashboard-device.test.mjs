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
  // A microphone that hums, so that there is something to measure.
  const hums = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];
  [browser, files] = await Promise.all([launchChromium(hums), startStaticHost()]);
});

after(async () => {
  await browser?.close();
  await files?.stop();
});

test('sensors follow a formula, play a sequence, freeze, come and go', { timeout: 300_000 }, async () => {
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

test('the browser’s own position becomes telemetry, once it is allowed', { timeout: 300_000 }, async () => {
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

test('tilt, loudness, battery and gamepad become telemetry too', { timeout: 300_000 }, async () => {
  const { context, page, dashboard } = await openDashboard(browser, files.url, {
    permissions: ['microphone', 'accelerometer', 'gyroscope', 'magnetometer'],
  });
  const devtools = await context.newCDPSession(page);
  await devtools.send('DeviceOrientation.setDeviceOrientationOverride', { alpha: 0, beta: 42.5, gamma: 0 });
  // No machine of ours has a gamepad: this one thing is played by the test.
  await page.evaluate(() => {
    Object.defineProperty(navigator, 'getGamepads', { value: () => [null, { axes: [-0.5] }] });
  });
  for (const input of ['tilt', 'loudness', 'charge', 'joystick'])
    await page.getByLabel('Use this device’s own').selectOption(input);
  const body = await dashboard.untilTelemetry(
    ({ tilt, loudness, charge, joystick }) => tilt === 42.5 && loudness > 0 && charge > 0 && joystick === -50,
  );
  assert.ok(body.loudness <= 100 && body.charge <= 100, JSON.stringify(body));
  await dashboard.press('Remove Loudness');
  await dashboard.untilTelemetry((later) => !('loudness' in later) && later.tilt === 42.5);
  dashboard.noComplaints();
  await context.close();
});

test('an input that is refused says so and adds nothing', { timeout: 300_000 }, async () => {
  const { context, page, dashboard } = await openDashboard(browser, files.url, { permissions: [] });
  await page.getByLabel('Use this device’s own').selectOption('location');
  await page.getByRole('alert').filter({ hasText: 'Location' }).waitFor();
  assert.equal(await page.getByRole('region', { name: 'Latitude' }).count(), 0);
  dashboard.noComplaints();
  await context.close();
});

test('a sensor and a method of one’s own, and the column of a CSV', { timeout: 300_000 }, async () => {
  const { context, page, dashboard } = await openDashboard(browser, files.url);
  await page.getByLabel('Add a sensor').selectOption('One of your own …');
  await page.getByLabel('Its name in the telemetry').fill('flow');
  await page.getByLabel('Unit').fill('l/min');
  await page.getByLabel('To', { exact: true }).fill('40');
  await page.locator('.own-sensor').getByRole('button', { name: 'Add' }).click();
  await page.getByLabel('flow: how it moves').selectOption('steady');
  await dashboard.slide('flow', 12);
  await dashboard.untilTelemetry((body) => body.flow === 12);
  await page.getByLabel('flow: how it moves').selectOption('sequence');
  await page.getByLabel('flow: sequence').fill('time,litres,bar\n0,3,7\n1,4,7');
  await page.getByLabel('flow: column of the CSV').selectOption('bar');
  await dashboard.untilTelemetry((body) => body.flow === 7);

  await page.getByPlaceholder('New method').fill('openValve');
  await page.locator('.create-method').getByRole('button', { name: 'Add' }).click();
  await page.locator('summary', { hasText: 'openValve' }).click();
  await page.getByLabel('Reply').last().fill('{"open":true}');
  await page.getByLabel('Fails (%)').last().fill('100');
  await dashboard.tab('Call a method');
  await page.getByRole('combobox', { name: 'Method', exact: true }).fill('openValve');
  await dashboard.press('Call');
  const result = page.getByTestId('method-result');
  await result.filter({ hasText: 'Status 500' }).waitFor();
  await page.getByLabel('Fails (%)').last().fill('0');
  await dashboard.press('Call');
  await result.filter({ hasText: '"open": true' }).waitFor();
  await dashboard.press('Remove openValve');
  await dashboard.press('Call');
  await result.filter({ hasText: 'Status 404' }).waitFor();
  dashboard.noComplaints();
  await context.close();
});

test('a method answers as its card says, and a firmware update reports its progress', {
  timeout: 300_000,
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

test('a held message comes again until it is acknowledged', { timeout: 300_000 }, async () => {
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

test('a scenario goes by link, and lasts until the next visit', { timeout: 300_000 }, async () => {
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

test('a scenario goes to a file and comes back from it', { timeout: 300_000 }, async () => {
  const { context, page, dashboard } = await openDashboard(browser, files.url);
  await page.getByLabel('Add a sensor').selectOption('tank');
  await page.getByText('Keep', { exact: true }).click();
  const [download] = await Promise.all([page.waitForEvent('download'), dashboard.press('Save the scenario')]);
  const file = await download.path();
  assert.doesNotMatch(await fs.readFile(file, 'utf8'), /SharedAccess|sig=|key/i);
  await dashboard.press('Remove Tank');
  await dashboard.untilTelemetry((body) => !('tank' in body));
  const open = async (/** @type {string | { name: string, mimeType: string, buffer: Buffer }} */ chosen) => {
    await page.getByText('Keep', { exact: true }).click();
    const [chooser] = await Promise.all([
      page.waitForEvent('filechooser'),
      dashboard.press('Open a scenario …'),
    ]);
    await chooser.setFiles(/** @type {any} */ (chosen));
  };
  await open(file);
  await page.getByText(/ is set up\.$/).waitFor();
  await dashboard.untilTelemetry((body) => 'tank' in body);
  await page.keyboard.press('Escape');
  await open({ name: 'holiday.json', mimeType: 'application/json', buffer: Buffer.from('{"beach":true}') });
  await page.getByText('holiday.json is no scenario of this page.').waitFor();
  dashboard.noComplaints();
  await context.close();
});

test('what was recorded is exported as JSON lines and CSV', { timeout: 300_000 }, async () => {
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
