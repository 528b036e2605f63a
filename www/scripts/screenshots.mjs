/**
 * Pictures of the built dashboard, wide and narrow, dark and light, with something going on, into `target/screenshots/`:
 * to be looked at, and two of them for the README. Run: `npm run screenshots -w www` after a build.
 */
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { launchChromium } from '../../tests/chromium.mjs';
import { openDashboard } from '../../tests/page/dashboard.mjs';
import { startStaticHost } from '../../tests/page/static-host.mjs';

const OUT = fileURLToPath(new URL('../../target/screenshots/', import.meta.url));
const WIDE = { width: 1440, height: 900 };
const NARROW = { width: 390, height: 844 };
/** So many messages make a line in the chart. */
const MESSAGES = 25;

const SHOTS = [
  { name: 'wide-light', viewport: WIDE, colorScheme: 'light' },
  { name: 'wide-dark', viewport: WIDE, colorScheme: 'dark' },
  { name: 'narrow-light', viewport: NARROW, colorScheme: 'light' },
  { name: 'narrow-dark', viewport: NARROW, colorScheme: 'dark' },
  { name: 'wide-dark-german', viewport: WIDE, colorScheme: 'dark', locale: 'de-DE' },
];

fs.mkdirSync(OUT, { recursive: true });
const browser = await launchChromium();
const files = await startStaticHost();
try {
  for (const { name, ...options } of SHOTS) await shoot(name, options);
} finally {
  await browser.close();
  await files.stop();
}

/** @param {string} name @param {import('playwright-core').BrowserContextOptions} options */
async function shoot(name, options) {
  const { context, page, dashboard } = await openDashboard(browser, files.url, options);
  await page.locator('.tab-panel:not([hidden]) .primary').click();
  await page.getByRole('tab').nth(1).click();
  await page
    .locator('.tab-panel:not([hidden]) textarea')
    .fill('{"led":"green","display":"Hello!","relay":true}');
  await page.locator('.tab-panel:not([hidden]) .primary').click();
  await page.locator('.led-green').waitFor();
  await page.waitForFunction(
    (count) => document.querySelectorAll('[data-testid=telemetry] li').length >= count,
    MESSAGES,
    {
      timeout: 60_000,
    },
  );
  await dashboard.wire.filter({ hasText: 'PUBLISH' }).nth(1).getByRole('button').click();
  await page.screenshot({ path: path.join(OUT, `${name}.png`) });
  await page.screenshot({ path: path.join(OUT, `${name}-whole.png`), fullPage: true });
  console.log(`target/screenshots/${name}.png`);
  await context.close();
}
