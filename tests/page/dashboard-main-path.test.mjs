/** The main path of the dashboard, as a new user would try it: against the hub in the page, and a hub process. */
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { launchChromium } from '../chromium.mjs';
import { startHub } from '../hub-process.mjs';
import { openDashboard } from './dashboard.mjs';
import { startStaticHost } from './static-host.mjs';

const WWW = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../www/dist');

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

for (const [name, url] of [
  ['the hub in the page', () => files.url],
  ['a hub process', () => `${hub.ready.http}/`],
]) {
  test(`with ${name}: open, slide, call, desire, cut, come back`, { timeout: 300_000 }, async () => {
    const { context, page, dashboard } = await openDashboard(browser, /** @type {() => string} */ (url)());

    await page.getByLabel('Temperature: how it moves').selectOption('steady');
    await dashboard.slide('Temperature', 42);
    await dashboard.untilTelemetry((body) => body.temperature === 42);

    await dashboard.tab('Call a method');
    await page.getByLabel('Payload').fill('{"hello":"device"}');
    await dashboard.press('Call');
    await page.getByTestId('method-result').filter({ hasText: '"hello": "device"' }).waitFor();

    await dashboard.tab('Desired properties');
    await page.getByLabel('Patch').fill('{"led":"green","display":"Hello!"}');
    await dashboard.press('Apply');
    await dashboard.board.getByRole('img', { name: 'LED: green' }).waitFor();
    await dashboard.board.getByText('Hello!').waitFor();
    await page.getByTestId('twin').getByText('met', { exact: true }).nth(1).waitFor();

    await dashboard.tab('Trouble');
    await dashboard.press('Cut the link');
    await dashboard.untilWire(/reconnecting/);
    await dashboard.untilWire(/reconnected/);
    await dashboard.untilLight('Connected');
    await dashboard.slide('Temperature', 43);
    await dashboard.untilTelemetry((body) => body.temperature === 43);

    dashboard.noComplaints();
    await context.close();
  });
}

test('a hub that is stopped and started is found again, and knows the device anew', {
  timeout: 300_000,
}, async () => {
  const first = await startHub({ args: ['--www', WWW] });
  const { context, page, dashboard } = await openDashboard(browser, `${first.ready.http}/`);
  await first.stop();
  await page.getByText('Stream lost, trying again').waitFor();
  const second = await startHub({ args: ['--www', WWW, '--port', new URL(first.ready.http).port] });
  try {
    await page.getByText('Listening', { exact: true }).waitFor();
    await dashboard.untilLight('Connected');
    await dashboard.slide('Humidity', 99);
    await page.getByLabel('Humidity: how it moves').selectOption('steady');
    await dashboard.untilTelemetry((body) => body.humidity === 99);
  } finally {
    await context.close();
    await second.stop();
  }
});
