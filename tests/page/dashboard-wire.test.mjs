/** Below both sides of the dashboard: the timeline, the list, the inspector, and code to copy. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launchChromium, openPage } from '../chromium.mjs';
import { Dashboard, openDashboard } from './dashboard.mjs';
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

test('the story begins with the very first CONNECT, and never shows its token', TEST, async () => {
  const { context, page, dashboard } = await openDashboard(browser, files.url);
  await dashboard.untilWire(/connecting/);
  const first = dashboard.wire.filter({ hasText: /CONNECT ?protocol MQTT/ });
  await first.getByRole('button').click();
  const inspector = page.getByRole('region', { name: 'Inspector' });
  await inspector.getByText('token ends').waitFor();
  assert.match(await inspector.innerText(), /token for\s+localhost\/devices\/page-/);
  assert.doesNotMatch(await page.locator('body').innerText(), /sig=(?!\[redacted\])/);
  await inspector.getByText('Answered after').click();
  await inspector.getByRole('heading', { name: 'CONNACK' }).waitFor();
  for (const told of [/SUBSCRIBE/, /SUBACK/, /twin get/, /PUBLISH.*telemetry/, /connected/])
    await dashboard.untilWire(told);
  dashboard.noComplaints();
  await context.close();
});

test('the inspector takes a packet apart and ties it to its answer', TEST, async () => {
  const { context, page, dashboard } = await openDashboard(browser, files.url);
  await dashboard.wire
    .filter({ hasText: /PUBLISH.*telemetry/ })
    .last()
    .getByRole('button')
    .click();
  const inspector = page.getByRole('region', { name: 'Inspector' });
  await inspector.getByText('Answered after').waitFor();
  const text = await inspector.innerText();
  assert.match(text, /devices\/page-\w+\/messages\/events\//);
  assert.match(text, /content-type\s+application\/json/);
  assert.match(text, /temperatureAlert\s+(true|false)/);
  assert.match(text, /0000 {2}32 /);
  await inspector.getByText('Answered after').click();
  await inspector.getByRole('heading', { name: 'PUBACK' }).waitFor();
  dashboard.noComplaints();
  await context.close();
});

test('the list is searched, filtered by kind, and stands still when asked to', TEST, async () => {
  const { context, page, dashboard } = await openDashboard(browser, files.url);
  await page.getByLabel('Search').fill('$iothub/twin/GET');
  await dashboard.wire.filter({ hasText: 'twin get' }).first().waitFor();
  assert.equal(await dashboard.wire.filter({ hasText: 'PUBACK' }).count(), 0);
  await page.getByLabel('Search').fill('');
  const wire = page.getByRole('region', { name: 'On the wire' });
  await wire.getByRole('checkbox', { name: 'Telemetry' }).uncheck();
  await dashboard.wire.filter({ hasText: 'SUBSCRIBE' }).first().waitFor();
  assert.equal(await dashboard.wire.filter({ hasText: 'telemetry ·' }).count(), 0);
  await wire.getByRole('checkbox', { name: 'Telemetry' }).check();
  await wire.getByRole('button', { name: 'Pause' }).click();
  const held = await dashboard.wire.first().innerText();
  const before = await dashboard.telemetry.first().innerText();
  await dashboard.untilChanged('[data-testid=telemetry] li', before);
  assert.equal(await dashboard.wire.first().innerText(), held);
  await wire.getByRole('button', { name: 'Resume' }).click();
  await dashboard.untilChanged('[data-testid=wire] li', held);
  dashboard.noComplaints();
  await context.close();
});

test('the timeline shows the lost link and finds the packet under the hand', TEST, async () => {
  const { context, page, dashboard } = await openDashboard(browser, files.url);
  const timeline = page.getByTestId('timeline');
  await dashboard.tab('Trouble');
  await dashboard.press('Cut the link');
  await dashboard.untilWire(/reconnected/);
  await timeline.locator('.band-reconnecting').first().waitFor({ state: 'attached' });
  await timeline.locator('.band-connected').nth(1).waitFor({ state: 'attached' });
  assert.match(await timeline.locator('.band-reconnecting title').first().innerHTML(), /reconnecting · \w+/);
  assert.match((await timeline.getAttribute('aria-label')) ?? '', /last minute: now Connected, \d+ packets/);
  const mark = timeline.locator('.mark-telemetry').nth(3);
  await mark.waitFor({ state: 'attached' });
  // Time stands still while the hand aims; nothing new is drawn from then on, so the mark is there before.
  await page.getByRole('region', { name: 'On the wire' }).getByRole('button', { name: 'Pause' }).click();
  // A place within the picture: the picture itself may be moved by what changes above it.
  const position = await mark.evaluate((element) => {
    const own = element.getBoundingClientRect();
    const whole = element.closest('svg')?.getBoundingClientRect() ?? own;
    return { x: own.x + own.width / 2 - whole.x, y: own.y + own.height / 2 - whole.y };
  });
  await timeline.click({ position });
  await page.getByRole('region', { name: 'Inspector' }).getByRole('heading').first().waitFor();
  await timeline.locator('.mark-chosen').waitFor({ state: 'attached' });
  dashboard.noComplaints();
  await context.close();
});

test('telemetry is copied as code in four languages', TEST, async () => {
  const permissions = ['clipboard-read', 'clipboard-write'];
  const { context, page, dashboard } = await openDashboard(browser, files.url, { permissions });
  await dashboard.wire
    .filter({ hasText: /PUBLISH.*telemetry/ })
    .last()
    .getByRole('button')
    .click();
  const code = {
    JavaScript: /DeviceClient\.connect/,
    Python: /IoTHubDeviceClient/,
    'C#': /SendEventAsync/,
    mosquitto_pub: /^mosquitto_pub -h/,
  };
  for (const [language, wanted] of Object.entries(code)) {
    await dashboard.press(language);
    await page.getByText(`Copied as ${language}.`).waitFor();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    assert.match(copied, wanted);
    assert.match(copied, /temperature/);
  }
  dashboard.noComplaints();
  await context.close();
});

test('a token is renewed before it ends, and the timeline says so', TEST, async () => {
  const { context, page, complaints } = await openPage(browser);
  const dashboard = new Dashboard(page, complaints);
  await page.clock.install();
  await page.goto(files.url, { waitUntil: 'load' });
  await dashboard.telemetry.nth(1).waitFor();
  // A token lives an hour. Steps that keep-alive survives, and a message between them, as a working device has it.
  const renewed = dashboard.wire.filter({ hasText: /token-renewed/ }).first();
  for (let minutes = 0; minutes < 57 && !(await renewed.isVisible()); minutes += 3) {
    const before = await dashboard.telemetry.first().innerText();
    await page.clock.fastForward('03:00');
    await dashboard.untilChanged('[data-testid=telemetry] li', before);
  }
  await renewed.waitFor();
  await dashboard.untilLight('Connected');
  assert.equal(await dashboard.wire.filter({ hasText: /token-expired|reconnecting/ }).count(), 0);
  dashboard.noComplaints();
  await context.close();
});
