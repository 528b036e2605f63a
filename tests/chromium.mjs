/**
 * A headless Chromium for the end-to-end tests, the one that the set-up found (CHROME), and a record
 * of everything a page complains about. Used by the suites `page` and `browser`.
 */
import { chromium } from 'playwright-core';

/**
 * Chromium renders the list below its address bar as pages of its own, two for each new window, though headless has
 * no address bar: more than a core for most of a test's first second. The flag that turns them off replaces
 * Playwright's own of that name: the rest are those of its names that a page could notice.
 */
const WITHOUT = [
  'WebUIOmniboxPopup',
  'WebUIOmniboxAimPopup',
  'AimEnabled',
  'AvoidUnnecessaryBeforeUnloadCheckSync',
  'DestroyProfileOnBrowserClose',
  'HttpsFirstBalancedModeAutoEnable',
  'HttpsUpgrades',
  'LensOverlay',
  'MediaRouter',
  'NetworkTimeServiceQuerying',
  'OptimizationHints',
  'PaintHolding',
  'PreconnectToSearch',
  'ThirdPartyStoragePartitioning',
];

const FLAGS = [
  `--disable-features=${WITHOUT.join()}`,
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** @param {string[]} [more] flags @returns {Promise<import('playwright-core').Browser>} */
export function launchChromium(more = []) {
  const executablePath = process.env.CHROME || '/usr/bin/chromium';
  const args = [...FLAGS, ...more, ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])];
  return chromium.launch({ executablePath, args, headless: true });
}

/**
 * A fresh profile with one page whose complaints are kept: console errors and warnings, uncaught
 * exceptions, failed requests (a refused policy shows as a console error).
 * @param {import('playwright-core').Browser} browser
 * @param {import('playwright-core').BrowserContextOptions} [options]
 */
export async function openPage(browser, options = {}) {
  const context = await browser.newContext({ locale: 'en-GB', ...options });
  const page = await context.newPage();
  /** @type {string[]} */
  const complaints = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type()))
      complaints.push(`console ${message.type()}: ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(`uncaught: ${error.stack ?? error.message}`));
  page.on('requestfailed', (request) => {
    const why = request.failure()?.errorText ?? 'no reason';
    if (why !== 'net::ERR_ABORTED') complaints.push(`request ${request.url()}: ${why}`);
  });
  return { context, page, complaints };
}
