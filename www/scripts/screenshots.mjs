/**
 * Pictures of the built dashboard with something going on: all of them into `target/screenshots/`, to be looked at, and
 * the two of the README into `docs/pictures/`. Run: `npm run screenshots -w www` after a build.
 */
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { launchChromium } from '../../tests/chromium.mjs';
import { openDashboard } from '../../tests/page/dashboard.mjs';
import { startStaticHost } from '../../tests/page/static-host.mjs';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const OUT = path.join(ROOT, 'target/screenshots');
const README = path.join(ROOT, 'docs/pictures');
/** A README is read on slow links too. */
const README_MOST_BYTES = 200 * 1024;
const WIDE = { width: 1440, height: 900 };
const NARROW = { width: 390, height: 844 };
/** So many messages make a line in the chart. */
const MESSAGES = 25;
const SLOW = { timeout: 90_000 };

/**
 * @typedef {{ page: import('playwright-core').Page, dashboard: import('../../tests/page/dashboard.mjs').Dashboard }} Scene
 * @typedef {{ name: string, readme?: string, scene: (scene: Scene) => Promise<void>, options: import('playwright-core').BrowserContextOptions }} Shot
 */

/** @type {Shot[]} */
const SHOTS = [
  {
    name: 'wide-light',
    readme: 'dashboard.png',
    scene: atWork,
    options: { viewport: WIDE, colorScheme: 'light' },
  },
  { name: 'wide-dark', scene: atWork, options: { viewport: WIDE, colorScheme: 'dark' } },
  { name: 'narrow-light', scene: atWork, options: { viewport: NARROW, colorScheme: 'light' } },
  { name: 'narrow-dark', scene: atWork, options: { viewport: NARROW, colorScheme: 'dark' } },
  {
    name: 'trouble-dark',
    readme: 'trouble.png',
    scene: inTrouble,
    options: { viewport: WIDE, colorScheme: 'dark' },
  },
  {
    name: 'trouble-narrow-german',
    scene: inTrouble,
    options: { viewport: NARROW, colorScheme: 'dark', locale: 'de-DE' },
  },
  { name: 'fleet-light', scene: aFleet, options: { viewport: WIDE, colorScheme: 'light' } },
  { name: 'fleet-narrow', scene: aFleet, options: { viewport: NARROW, colorScheme: 'light' } },
  {
    name: 'my-hub-dark-german',
    scene: askedForAHub,
    options: { viewport: WIDE, colorScheme: 'dark', locale: 'de-DE' },
  },
  { name: 'my-hub-narrow', scene: askedForAHub, options: { viewport: NARROW, colorScheme: 'light' } },
];

const wanted = process.argv.slice(2);
fs.mkdirSync(OUT, { recursive: true });
fs.mkdirSync(README, { recursive: true });
const browser = await launchChromium();
const files = await startStaticHost();
try {
  for (const shot of SHOTS) if (wanted.length === 0 || wanted.includes(shot.name)) await shoot(shot);
} finally {
  await browser.close();
  await files.stop();
}

/** @param {Shot} shot */
async function shoot({ name, readme, scene, options }) {
  const { context, page, dashboard } = await openDashboard(browser, files.url, options);
  await scene({ page, dashboard });
  const view = await page.screenshot({ path: path.join(OUT, `${name}.png`) });
  await page.screenshot({ path: path.join(OUT, `${name}-whole.png`), fullPage: true });
  console.log(`target/screenshots/${name}.png`);
  if (readme !== undefined) keepForReadme(readme, view);
  await context.close();
}

/** @param {string} name @param {Buffer} picture */
function keepForReadme(name, picture) {
  if (picture.length > README_MOST_BYTES) throw new Error(`${name} is ${picture.length} bytes`);
  fs.writeFileSync(path.join(README, name), picture);
  console.log(`docs/pictures/${name}, ${picture.length} bytes`);
}

/** Something was sent, something was wished for and is met, telemetry draws. @param {Scene} scene */
async function atWork({ page, dashboard }) {
  await page.locator('.tab-panel:not([hidden]) .primary').click();
  await page.getByRole('tab').nth(1).click();
  await page
    .locator('.tab-panel:not([hidden]) textarea')
    .fill('{"led":"green","display":"Hello!","relay":true}');
  await page.locator('.tab-panel:not([hidden]) .primary').click();
  await page.locator('.led-green').waitFor();
  await dashboard.telemetry.nth(MESSAGES).waitFor(SLOW);
  await dashboard.wire.filter({ hasText: 'PUBLISH' }).nth(1).getByRole('button').click();
  await page.evaluate(() => scrollTo(0, 0));
}

/** A link that was half-open, and what the client made of it. @param {Scene} scene */
async function inTrouble({ page, dashboard }) {
  await page.getByRole('tab').nth(3).click();
  await dashboard.telemetry.nth(MESSAGES / 2).waitFor(SLOW);
  await page.locator('.trouble').nth(1).click();
  await dashboard.untilWire(/reconnected/, SLOW.timeout);
  // Some time after, so that the picture shows both sides of the story.
  await dashboard.telemetry.nth(2 * MESSAGES).waitFor(SLOW);
  await dashboard.wire.filter({ hasText: 'silent' }).first().getByRole('button').click();
  await page.evaluate(() => scrollTo(0, document.documentElement.scrollHeight));
}

/** @param {Scene} scene */
async function aFleet({ page, dashboard }) {
  const size = page.locator('.fleet-controls input');
  await size.fill('400');
  await page.locator('.fleet-controls button').click();
  await page.getByTestId('fleet').getByText('400 / 400').waitFor(SLOW);
  await page.locator('.heat-map').click({ position: { x: 90, y: 30 } });
  await page.getByRole('tab').nth(4).click();
  await dashboard.telemetry.nth(MESSAGES).waitFor(SLOW);
  await page.locator('.fleet').scrollIntoViewIfNeeded();
}

/** @param {Scene} scene */
async function askedForAHub({ page }) {
  await page.getByRole('radio').nth(2).check();
  await page
    .locator('#service textarea')
    .fill('HostName=my-hub.azure-devices.net;SharedAccessKeyName=iothubowner');
  await page.locator('#service .problem').first().waitFor();
}
