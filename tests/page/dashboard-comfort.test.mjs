/** The dashboard for everyone: without a network, by keyboard, for screen readers, dark and light, in two languages. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { launchChromium } from '../chromium.mjs';
import { openDashboard } from './dashboard.mjs';
import { startStaticHost } from './static-host.mjs';

const AXE = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const FIRST_TELEMETRY_MS = 2_000;

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

test('with the network off, telemetry is there within two seconds', { timeout: 150_000 }, async () => {
  const { context, page, dashboard } = await openDashboard(browser, files.url);
  await page.evaluate(async () => {
    const { active } = await navigator.serviceWorker.ready;
    while (active?.state !== 'activated')
      await new Promise((resolve) => active?.addEventListener('statechange', resolve, { once: true }));
  });
  await context.setOffline(true);
  await page.reload({ waitUntil: 'load' });
  await dashboard.telemetry.first().waitFor({ timeout: FIRST_TELEMETRY_MS });
  dashboard.noComplaints();
  await context.close();
});

for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
  for (const viewport of [
    { width: 1440, height: 900 },
    { width: 390, height: 844 },
  ]) {
    test(`axe finds nothing at ${viewport.width}, ${colorScheme}`, { timeout: 180_000 }, async () => {
      const options = {
        colorScheme,
        viewport,
        bypassCSP: true,
        reducedMotion: /** @type {const} */ ('reduce'),
      };
      const { context, page, dashboard } = await openDashboard(browser, files.url, options);
      await dashboard.wire.first().getByRole('button').click();
      await dashboard.telemetry.first().getByRole('button').click();
      await page.locator('summary', { hasText: 'echo' }).click();
      await page.evaluate(AXE);
      for (const tab of await page.getByRole('tab').all()) {
        await tab.click();
        const found = await page.evaluate(async () => {
          const { violations } = await /** @type {any} */ (globalThis).axe.run();
          return violations.map((/** @type {any} */ one) => `${one.impact} ${one.id}: ${one.nodes[0].html}`);
        });
        assert.deepEqual(found, [], `on the tab ${await tab.innerText()}`);
      }
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(overflow <= 0, `the page is ${overflow} pixels wider than the screen`);
      await context.close();
    });
  }
}

test('tabs, choices and the skip link work by keyboard', { timeout: 150_000 }, async () => {
  const { context, page, dashboard } = await openDashboard(browser, files.url);
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Skip to the service side');
  await page.keyboard.press('Enter');
  await page.getByRole('tab', { name: 'Cloud to device' }).focus();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Call a method');
  await page.getByLabel('Payload').waitFor();
  await page.getByRole('radio', { name: 'System' }).focus();
  await page.keyboard.press('ArrowRight');
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), 'light');
  dashboard.noComplaints();
  await context.close();
});

test('German is spoken when asked for, and remembered', { timeout: 150_000 }, async () => {
  const { context, page, dashboard } = await openDashboard(browser, files.url, { locale: 'de-AT' });
  await page.getByRole('heading', { name: 'Platine' }).waitFor();
  await page.getByLabel('Sprache').selectOption('en');
  await page.getByRole('heading', { name: 'Board' }).waitFor();
  await page.reload();
  await page.getByRole('heading', { name: 'Board' }).waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'en');
  dashboard.noComplaints();
  await context.close();
});
