/** The service's side of the dashboard: chart, twin, methods, messages, the registry, the fleet. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launchChromium } from '../chromium.mjs';
import { openDashboard } from './dashboard.mjs';
import { startStaticHost } from './static-host.mjs';

const TEST = { timeout: 300_000 };

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

test('the chart draws several series, stands still, and zooms', TEST, async () => {
  const { context, page, dashboard } = await openDashboard(browser, files.url);
  await page.getByLabel('Add a sensor').selectOption('pressure');
  const chart = page.getByRole('region', { name: 'Live' });
  await chart.getByRole('img', { name: 'Line chart of temperature, humidity, pressure over time' }).waitFor();
  const legend = chart.getByRole('listitem');
  assert.equal(await legend.count(), 3);

  await chart.getByRole('button', { name: 'Pause' }).click();
  const held = await legend.allInnerTexts();
  const before = await dashboard.telemetry.first().innerText();
  await dashboard.untilChanged('[data-testid=telemetry] li', before);
  assert.deepEqual(await legend.allInnerTexts(), held);
  await chart.getByRole('button', { name: 'Resume' }).click();

  const over = await chart.locator('.u-over').boundingBox();
  assert.ok(over !== null);
  const at = (/** @type {number} */ share) =>
    /** @type {const} */ ([over.x + over.width * share, over.y + over.height / 2]);
  await page.mouse.move(...at(0.7));
  await page.mouse.down();
  await page.mouse.move(...at(0.9), { steps: 5 });
  await page.mouse.up();
  await chart.getByRole('button', { name: 'Show all' }).click();
  await chart.getByRole('button', { name: 'Show all' }).waitFor({ state: 'detached' });
  await chart.getByRole('radio', { name: '5 min' }).check();
  dashboard.noComplaints();
  await context.close();
});

test('telemetry lands with all its properties', TEST, async () => {
  const { context, page, dashboard } = await openDashboard(browser, files.url);
  await dashboard.telemetry.first().getByRole('button').click();
  const open = page.locator('.row-detail').first();
  const text = await open.innerText();
  assert.match(text, /temperatureAlert\s+(true|false)/);
  assert.match(text, /content-type\s+application\/json/);
  assert.match(text, /iothub-connection-device-id\s+page-/);
  assert.match(text, /iothub-enqueuedtime/);
  dashboard.noComplaints();
  await context.close();
});

test('a desired patch is checked as it is typed, and followed until it is met', TEST, async () => {
  const { context, page, dashboard } = await openDashboard(browser, files.url);
  await dashboard.tab('Desired properties');
  const patch = page.getByLabel('Patch');
  await patch.fill('{"led":');
  await page.getByText('This is not JSON yet').waitFor();
  await patch.fill('{"a.b":1}');
  await page.getByText(/a\.b: a name may not/).waitFor();
  assert.ok(await page.getByRole('button', { name: 'Apply' }).isDisabled());

  // The device is away: the hub keeps the wish, the device has not seen it.
  await dashboard.tab('Trouble');
  await dashboard.press('Refuse twice');
  await dashboard.press('Cut the link');
  await dashboard.untilWire(/CONNACK.*3 hub unavailable/);
  await dashboard.tab('Desired properties');
  await patch.fill('{"led":"blue","sparkle":true}');
  await dashboard.press('Apply');
  const row = (/** @type {string} */ name) => page.getByTestId('twin').locator('tr', { hasText: name });
  await row('led').filter({ hasText: 'not seen yet' }).waitFor();
  await dashboard.press('Connect now');
  await row('led')
    .filter({ hasText: /\bmet$/ })
    .waitFor();
  await row('sparkle').filter({ hasText: 'not met' }).waitFor();
  await dashboard.board.getByRole('img', { name: 'LED: blue' }).waitFor();
  dashboard.noComplaints();
  await context.close();
});

test('a call waits for the device as long as it is told, and for its answer', TEST, async () => {
  const { context, page, dashboard } = await openDashboard(browser, files.url);
  await page.locator('summary', { hasText: 'echo' }).click();
  await page.getByLabel('Delay (ms)').first().fill('8000');
  await dashboard.tab('Call a method');
  await page.getByLabel('Answer within (s)').fill('5');
  await dashboard.press('Call');
  await page.getByRole('alert').filter({ hasText: /504/ }).waitFor();
  await page.getByLabel('Delay (ms)').first().fill('0');

  // Refused twice, the device stays away for some seconds more than its reboot takes: the call that misses it needs them.
  await dashboard.tab('Trouble');
  await dashboard.press('Refuse twice');
  await dashboard.tab('Call a method');
  const method = page.getByRole('combobox', { name: 'Method', exact: true });
  await method.fill('reboot');
  // The light says it for a second and a half: who looks after the answer may be late.
  const closed = dashboard.untilLight('Closed');
  await dashboard.press('Call');
  await page.getByTestId('method-result').filter({ hasText: 'rebooting' }).waitFor();
  await closed;
  await method.fill('echo');
  await dashboard.press('Call');
  await page.getByText(/404103/).waitFor();
  await page.getByLabel('Wait for link (s)').fill('60');
  await dashboard.press('Call');
  await page.getByTestId('method-result').filter({ hasText: '"hello": "device"' }).waitFor();
  await dashboard.untilLight('Connected');
  dashboard.noComplaints();
  await context.close();
});

test('a message goes with properties, and its feedback comes back', TEST, async () => {
  const { context, page, dashboard } = await openDashboard(browser, files.url);
  await dashboard.press('+ Add a property');
  await page.getByLabel('Name', { exact: true }).fill('priority');
  await page.getByLabel('Value', { exact: true }).fill('über & more');
  await page.getByLabel('Feedback').selectOption('full');
  await dashboard.press('Send');
  const arrived = dashboard.inbox.filter({ hasText: 'über & more' }).first();
  await arrived.waitFor();
  assert.match(await arrived.innerText(), /absolute-expiry-time\s+20\d\d-/);
  assert.match(await arrived.innerText(), /iothub-ack\s+full/);
  await page.getByText('acknowledged', { exact: true }).last().waitFor();
  await page.getByText(/feedback: success/i).waitFor();

  // A device that is away too long never sees the message, and the service is told.
  await dashboard.tab('Devices');
  await dashboard.press(`Disable ${await page.locator('.end code').first().innerText()}`);
  await dashboard.untilWire(/disconnected|refused/);
  await dashboard.tab('Cloud to device');
  await page.getByLabel('Expires').selectOption('in 10 s');
  await dashboard.press('Send');
  await page.getByText('expired', { exact: true }).first().waitFor();
  await page.getByText(/feedback: expired/i).waitFor();
  dashboard.noComplaints();
  await context.close();
});

test('the registry creates, disables and deletes, and the device feels it', TEST, async () => {
  const { context, page, dashboard } = await openDashboard(browser, files.url);
  await dashboard.tab('Devices');
  const rows = page.getByTestId('devices').locator('li');
  const own = rows.filter({ hasText: 'this page' });
  await own.filter({ hasText: 'connected' }).waitFor();

  await page.getByLabel('New device').fill('second');
  await dashboard.press('Create');
  await rows.filter({ hasText: 'second' }).filter({ hasText: 'not connected' }).waitFor();
  await page.getByLabel('New device').fill('second');
  await dashboard.press('Create');
  await page.getByText(/^409/).waitFor();
  await dashboard.press('Delete second');
  await page.keyboard.press('Escape');
  assert.equal(await rows.filter({ hasText: 'second' }).count(), 1, 'nothing is deleted at the first press');
  await dashboard.press('Delete second');
  await page.getByRole('button', { name: /^Really delete second/ }).click();
  await rows.filter({ hasText: 'second' }).waitFor({ state: 'detached' });

  await own.getByRole('button', { name: 'Disable' }).click();
  await own.filter({ hasText: 'disabled' }).waitFor();
  await dashboard.untilWire(/disconnected|refused/);
  await own.getByRole('button', { name: 'Enable' }).click();
  await own.getByRole('button', { name: 'Disable' }).waitFor();
  await dashboard.press('Make this page’s device again and connect');
  await dashboard.untilLight('Connected');

  await own.getByRole('button', { name: 'Delete' }).click();
  await own.getByRole('button', { name: /^Really delete/ }).click();
  await dashboard.untilWire(/device-deleted|deleted/);
  await dashboard.press('Make this page’s device again and connect');
  await dashboard.untilLight('Connected');
  await dashboard.telemetry.nth(1).waitFor();
  dashboard.noComplaints();
  await context.close();
});

test('a row of telemetry that is read stays where it is', TEST, async () => {
  const { context, page, dashboard } = await openDashboard(browser, files.url);
  await dashboard.telemetry.nth(1).waitFor();
  const row = dashboard.telemetry.first().locator('.row');
  const read = await row.innerText();
  await row.click();
  await page.getByRole('button', { name: /Show [3-9] new/ }).waitFor();
  assert.equal(await row.innerText(), read);
  await page.getByRole('button', { name: /Show \d+ new/ }).click();
  await page.waitForFunction(
    (before) =>
      /** @type {HTMLElement} */ (document.querySelector('[data-testid=telemetry] .row')).innerText !==
      before,
    read,
  );
  dashboard.noComplaints();
  await context.close();
});

test('a bad device id is told while it is typed, and nothing is asked of the hub', TEST, async () => {
  const { context, page, dashboard } = await openDashboard(browser, files.url);
  await dashboard.tab('Devices');
  await page.getByLabel('New device').fill('bad name');
  assert.equal(await page.getByLabel('New device').getAttribute('aria-invalid'), 'true');
  assert.ok(await page.getByRole('button', { name: 'Create', exact: true }).isDisabled());
  dashboard.noComplaints();
  await context.close();
});

test('a fleet of two hundred connects and sends', TEST, async () => {
  const { context, page, dashboard } = await openDashboard(browser, files.url);
  await page.getByLabel('How many devices').fill('200');
  await dashboard.press('Start');
  const figures = page.getByTestId('fleet');
  await figures.getByText('200 / 200').waitFor({ timeout: 120_000 });
  const perSecond = figures.locator('div', { hasText: 'Messages per second' }).locator('dd').first();
  await page.waitForFunction((figure) => Number(figure?.textContent) > 150, await perSecond.elementHandle());
  await page.getByLabel('Device number').fill('17');
  await page.getByText(/fleet-\w+-0017/).waitFor();
  assert.match(
    (await page.getByLabel(/^Map of the fleet/).getAttribute('aria-label')) ?? '',
    /\d+ just sent/,
  );
  await dashboard.press('Stop');
  await figures.getByText('0 / 200').waitFor();
  dashboard.noComplaints();
  await context.close();
});
