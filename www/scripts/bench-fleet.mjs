/**
 * A thousand devices at a message a second each, in the built page against its own hub: prints messages per second and
 * how the frames came, and fails when the page drops below thirty of them. Run: `npm run bench -w www` after a build.
 *
 * A frame rate hides stutter, so the page measures what a user sees: the time from each frame to the next.
 */
import os from 'node:os';
import { launchChromium } from '../../tests/chromium.mjs';
import { openDashboard } from '../../tests/page/dashboard.mjs';
import { startStaticHost } from '../../tests/page/static-host.mjs';

const DEVICES = 1_000;
const SECONDS = 30;
const FEWEST_FRAMES = 30;
/** The place of the figure in the fleet's list. */
const ACKNOWLEDGED = 2;
const LONG_FRAME_MS = 1_000 / FEWEST_FRAMES;

const browser = await launchChromium();
const files = await startStaticHost();
try {
  const { page, dashboard } = await openDashboard(browser, files.url);
  console.log(
    `Chromium ${browser.version()}, ${os.cpus().length} cores, load ${os.loadavg()[0]?.toFixed(1)}`,
  );
  report('one device', await page.evaluate(watchFrames, 5));
  await page.getByLabel('How many devices').fill(String(DEVICES));
  await dashboard.press('Start');
  const all = DEVICES.toLocaleString('en');
  await page.getByTestId('fleet').getByText(`${all} / ${all}`).waitFor({ timeout: 90_000 });
  const before = await acknowledged(page);
  const measured = await page.evaluate(watchFrames, SECONDS);
  const messages = ((await acknowledged(page)) - before) / (measured.tookMs / 1_000);
  const rate = report(`${DEVICES} devices`, measured);
  console.log(`${DEVICES} devices: ${messages.toFixed(0)} messages acknowledged per second`);
  if (rate <= FEWEST_FRAMES)
    fail(`${rate.toFixed(1)} frames per second, more than ${FEWEST_FRAMES} are wanted`);
  if (messages < DEVICES * 0.95) fail(`${messages.toFixed(0)} messages per second, ${DEVICES} are wanted`);
} finally {
  await browser.close();
  await files.stop();
}

/** Runs in the page: the milliseconds between its frames. @param {number} seconds */
async function watchFrames(seconds) {
  const gaps = [];
  const started = await new Promise(requestAnimationFrame);
  let last = started;
  while (last - started < seconds * 1_000) {
    const now = await new Promise(requestAnimationFrame);
    gaps.push(now - last);
    last = now;
  }
  return { gaps, tookMs: last - started };
}

/** What the fleet's figures say. @param {import('playwright-core').Page} page */
async function acknowledged(page) {
  const text = await page.getByTestId('fleet').locator('dd').nth(ACKNOWLEDGED).innerText();
  return Number(text.replace(/\D/g, ''));
}

/** @param {string} name @param {{ gaps: number[], tookMs: number }} measured @returns {number} frames per second */
function report(name, { gaps, tookMs }) {
  const sorted = gaps.toSorted((one, other) => one - other);
  const at = (/** @type {number} */ share) =>
    (sorted[Math.floor((sorted.length - 1) * share)] ?? 0).toFixed(1);
  const long = gaps.filter((gap) => gap > LONG_FRAME_MS + 0.5).length;
  const rate = (gaps.length * 1_000) / tookMs;
  console.log(
    `${name}: ${rate.toFixed(1)} frames per second over ${(tookMs / 1_000).toFixed(0)} s; from frame to frame mean ` +
      `${(tookMs / gaps.length).toFixed(1)} ms, median ${at(0.5)}, p95 ${at(0.95)}, p99 ${at(0.99)}, longest ${at(1)} ms; ` +
      `${((long * 100) / gaps.length).toFixed(1)} % longer than 33 ms`,
  );
  return rate;
}

/** @param {string} why */
function fail(why) {
  console.error(`missed: ${why}`);
  process.exitCode = 1;
}
