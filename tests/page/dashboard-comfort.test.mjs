/** The dashboard for everyone: by keyboard, for screen readers, dark and light, in two languages. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { launchChromium } from '../chromium.mjs';
import { openDashboard } from './dashboard.mjs';
import { startStaticHost } from './static-host.mjs';

const AXE = fs.readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

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

for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
  for (const viewport of [
    { width: 1440, height: 900 },
    { width: 390, height: 844 },
  ]) {
    test(`axe finds nothing at ${viewport.width}, ${colorScheme}`, { timeout: 300_000 }, async () => {
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
      await page.getByLabel('Add a sensor').selectOption('One of your own …');
      await page.locator('.fleet button').click();
      await page.getByTestId('fleet').waitFor();
      await page.evaluate(AXE);
      for (const tab of await page.getByRole('tab').all()) {
        await tab.click();
        await axeFindsNothing(page, `on the tab ${await tab.innerText()}`);
      }
      await page.getByText('Keep', { exact: true }).click();
      await axeFindsNothing(page, 'in the menu');
      await page.getByRole('radio', { name: 'My hub' }).check();
      await page.getByLabel('Connection string of a device').fill('HostName=h');
      await page.getByRole('alert').first().waitFor();
      await axeFindsNothing(page, 'in the form for a hub');
      await page.getByRole('radio', { name: 'Token address' }).check();
      await axeFindsNothing(page, 'in the form for tokens');
      dashboard.noComplaints();
      await context.close();
    });
  }
}

test('tabs, choices and the skip link work by keyboard', { timeout: 300_000 }, async () => {
  const { context, page, dashboard } = await openDashboard(browser, files.url);
  await page.keyboard.press('Tab');
  const focused = () => page.evaluate(() => document.activeElement?.textContent);
  assert.equal(await focused(), 'Skip to the device');
  await page.keyboard.press('Tab');
  assert.equal(await focused(), 'Skip to the service');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => location.hash), '#service');
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

test('the packets are one stop for the Tab key, and the arrow keys walk through them', {
  timeout: 300_000,
}, async () => {
  const { context, page, dashboard } = await openDashboard(browser, files.url);
  await dashboard.wire.nth(3).waitFor();
  await dashboard.page.getByRole('region', { name: 'On the wire' }).getByText('Pause').click();
  assert.equal(await page.locator('[data-testid=wire] button[tabindex="0"]').count(), 1);
  await page.locator('[data-testid=wire] button[tabindex="0"]').focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  const line = await page.evaluate(() =>
    [...document.querySelectorAll('[data-testid=wire] button')].indexOf(
      /** @type {Element} */ (document.activeElement),
    ),
  );
  assert.equal(line, 2);
  dashboard.noComplaints();
  await context.close();
});

test('filters that hide every packet say so, and can all be taken off', { timeout: 300_000 }, async () => {
  const { context, page, dashboard } = await openDashboard(browser, files.url);
  await page.getByRole('searchbox', { name: 'Search' }).fill('no packet says this');
  await page.getByText('The filters hide everything.').waitFor();
  await dashboard.press('Show all');
  await dashboard.wire.first().waitFor();
  dashboard.noComplaints();
  await context.close();
});

test('German is spoken when asked for, and remembered', { timeout: 300_000 }, async () => {
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

for (const locale of ['en-GB', 'de-DE']) {
  test(`nothing reaches beyond a phone's screen, ${locale}`, { timeout: 300_000 }, async () => {
    const viewport = { width: 390, height: 844 };
    const { context, page, dashboard } = await openDashboard(browser, files.url, { locale, viewport });
    await page.locator('.fleet button').click();
    await dashboard.wire.first().getByRole('button').click();
    for (const tab of await page.getByRole('tab').all()) {
      await tab.click();
      const send = page.locator('.tab-panel:not([hidden]) .primary');
      if ((await send.count()) > 0) await send.click();
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(wide <= 0, `${wide} pixels too wide on the tab ${await tab.innerText()}`);
    }
    await page.getByRole('radio').nth(2).check();
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), viewport.width);
    dashboard.noComplaints();
    await context.close();
  });
}

test('the main path goes by keyboard alone', { timeout: 300_000 }, async () => {
  const { context, page, dashboard } = await openDashboard(browser, files.url);
  await page.getByLabel('Temperature: how it moves').selectOption('steady');
  await page.locator('body').click({ position: { x: 1, y: 1 } });
  await tabTo(page, 'Temperature: set the level');
  await page.keyboard.press('End');
  await dashboard.untilTelemetry((body) => body.temperature === 80);
  await tabTo(page, 'Cloud to device');
  await page.keyboard.press('ArrowRight');
  await tabTo(page, 'Patch');
  await page.keyboard.press('Control+A');
  await page.keyboard.type('{"led":"amber"}');
  await tabTo(page, 'Apply');
  await page.keyboard.press('Enter');
  await dashboard.board.getByRole('img', { name: 'LED: amber' }).waitFor();
  await tabTo(page, 'Search');
  await page.keyboard.type('PUBLISH');
  await tabTo(page, /PUBLISH/);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Space');
  await page.getByRole('region', { name: 'Inspector' }).getByRole('heading', { name: 'PUBLISH' }).waitFor();
  await page.getByText('Keep', { exact: true }).focus();
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Save the scenario' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Save the scenario' }).waitFor({ state: 'hidden' });
  dashboard.noComplaints();
  await context.close();
});

test('what moves rests for those who want no movement', { timeout: 300_000 }, async () => {
  /** @param {'reduce' | 'no-preference'} reducedMotion */
  const movements = async (reducedMotion) => {
    const { context, page, dashboard } = await openDashboard(browser, files.url, { reducedMotion });
    await page.evaluate(() => {
      Object.assign(globalThis, { moved: 0 });
      addEventListener('animationstart', () => Object.assign(globalThis, { moved: 1 }));
    });
    await dashboard.press('Send');
    await dashboard.inbox.first().waitFor();
    const before = await dashboard.telemetry.first().innerText();
    await dashboard.untilChanged('[data-testid=telemetry] li', before);
    const moved = await page.evaluate(() => /** @type {any} */ (globalThis).moved);
    await context.close();
    return moved;
  };
  assert.equal(await movements('no-preference'), 1);
  assert.equal(await movements('reduce'), 0);
});

/** @param {import('playwright-core').Page} page @param {string} where */
async function axeFindsNothing(page, where) {
  const found = await page.evaluate(async () => {
    const { violations } = await /** @type {any} */ (globalThis).axe.run();
    return violations.map((/** @type {any} */ one) => `${one.impact} ${one.id}: ${one.nodes[0].html}`);
  });
  assert.deepEqual(found, [], where);
}

/** Presses Tab until what has the focus is called so. @param {import('playwright-core').Page} page @param {string | RegExp} wanted */
async function tabTo(page, wanted) {
  // Each message that has arrived is one more place on the way.
  for (let presses = 0; presses < 200; presses += 1) {
    await page.keyboard.press('Tab');
    const name = await page.evaluate(() => {
      const focused = /** @type {HTMLInputElement | null} */ (document.activeElement);
      return focused?.ariaLabel ?? focused?.labels?.[0]?.innerText ?? focused?.textContent ?? '';
    });
    if (typeof wanted === 'string' ? name === wanted : wanted.test(name)) return;
  }
  assert.fail(`no Tab leads to ${wanted}`);
}
