/**
 * A thousand devices at a message a second each, in the built page against its own hub: prints messages and frames per
 * second, and fails below thirty frames. Run: `npm run bench -w www` after a build.
 */
import { launchChromium } from '../../tests/chromium.mjs';
import { openDashboard } from '../../tests/page/dashboard.mjs';
import { startStaticHost } from '../../tests/page/static-host.mjs';

const DEVICES = 1_000;
const SECONDS = 20;
const FEWEST_FRAMES = 30;

const browser = await launchChromium();
const files = await startStaticHost();
try {
  const { page, dashboard } = await openDashboard(browser, files.url);
  await page.getByLabel('How many devices').fill(String(DEVICES));
  await dashboard.press('Start');
  const fleet = page.getByTestId('fleet');
  await fleet
    .getByText(`${DEVICES.toLocaleString('en')} / ${DEVICES.toLocaleString('en')}`)
    .waitFor({ timeout: 90_000 });
  const samples = await page.evaluate(sample, SECONDS);
  report(
    'messages per second',
    samples.map(([messages]) => messages),
  );
  const frames = samples.map(([, drawn]) => drawn);
  report('frames per second', frames);
  if (Math.min(...frames) < FEWEST_FRAMES) {
    console.error(`fewer than ${FEWEST_FRAMES} frames in some second`);
    process.exitCode = 1;
  }
} finally {
  await browser.close();
  await files.stop();
}

/** Runs in the page: counts its frames itself, and reads the figure of messages. @param {number} seconds */
async function sample(seconds) {
  const figures = [];
  for (let second = 0; second < seconds; second += 1) {
    const end = performance.now() + 1_000;
    let frames = 0;
    while (performance.now() < end) {
      await new Promise(requestAnimationFrame);
      frames += 1;
    }
    const shown = document.querySelectorAll('[data-testid=fleet] dd')[1]?.textContent ?? '0';
    figures.push([Number(shown.replace(/\D/g, '')), frames]);
  }
  return figures;
}

/** @param {string} name @param {number[]} values */
function report(name, values) {
  const sorted = values.toSorted((one, other) => one - other);
  const median = sorted[Math.floor(sorted.length / 2)];
  console.log(
    `${name}: median ${median}, least ${sorted[0]}, most ${sorted.at(-1)} (${DEVICES} devices, ${SECONDS} s)`,
  );
}
