/**
 * Finds a Chrome or Chromium with its matching driver, installs Debian's when there is none.
 * Called by `setup`; `test` hands the two paths to wasm-pack and to the end-to-end tests.
 */
import fs from 'node:fs';
import path from 'node:path';
import { aptInstall } from './apt.mjs';
import { Failure } from './failure.mjs';
import { stampDir } from './paths.mjs';
import { ask } from './run.mjs';

/** @typedef {{ chrome: string, chromedriver: string, version: string }} Browser */

const CHROMES = ['chromium', 'google-chrome', 'google-chrome-stable', 'chromium-browser', 'chrome'];

const FIREFOXES = ['firefox', 'firefox-esr'];

/** Headless on any machine: no GPU, no first-run page, no traffic of the browser's own. */
const FLAGS = [
  '--headless=new',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** @returns {Promise<Browser>} */
export async function ensureBrowser() {
  const found = await findBrowser();
  if (found) return found;
  if (process.env.CHROME || process.env.CHROMEDRIVER) {
    throw new Failure('CHROME and CHROMEDRIVER do not name a browser and a driver of the same version', {
      evidence: `CHROME=${process.env.CHROME ?? ''} CHROMEDRIVER=${process.env.CHROMEDRIVER ?? ''}`,
      cure: 'set both to programs that answer --version with the same number, or set neither',
    });
  }
  console.log('      installing chromium and chromium-driver');
  await aptInstall(['chromium', 'chromium-driver'], 'there is no Chrome or Chromium with a matching driver');
  const installed = await findBrowser();
  if (installed) return installed;
  throw new Failure('chromium and chromium-driver were installed but do not start or do not match', {
    cure: 'run `chromium --version` and `chromedriver --version`, or set CHROME and CHROMEDRIVER',
  });
}

/**
 * A Firefox for the suite `runtimes`; null where there is none and none can be installed, and its tests are skipped.
 * @returns {Promise<string | null>}
 */
export async function ensureFirefox() {
  const find = () => (process.env.FIREFOX ? [process.env.FIREFOX] : FIREFOXES).map(onPath).find(Boolean);
  const found = find();
  if (found) return found;
  console.log('      installing firefox-esr');
  try {
    await aptInstall(['firefox-esr'], 'there is no Firefox');
  } catch (error) {
    console.log(`      ${error instanceof Failure ? error.message : error}`);
  }
  return find() ?? null;
}

/** @returns {Promise<Browser | null>} the first browser that a driver on this machine matches */
async function findBrowser() {
  const chromes = process.env.CHROME ? [process.env.CHROME] : CHROMES;
  const driver = onPath(process.env.CHROMEDRIVER || 'chromedriver');
  const driverVersion = driver && versionIn(await ask(driver, ['--version']));
  if (!driver || !driverVersion) return null;
  for (const name of chromes) {
    const chrome = onPath(name);
    const version = chrome && versionIn(await ask(chrome, ['--version']));
    if (chrome && version && major(version) === major(driverVersion))
      return { chrome, chromedriver: driver, version };
  }
  return null;
}

/** What the wasm test runner is told about the browser; root may not use Chromium's sandbox. */
export function writeWebdriverSettings(/** @type {Browser} */ browser) {
  const args = process.getuid?.() === 0 ? [...FLAGS, '--no-sandbox'] : FLAGS;
  const settings = { 'goog:chromeOptions': { binary: browser.chrome, args } };
  const file = path.join(stampDir, 'webdriver.json');
  fs.mkdirSync(stampDir, { recursive: true });
  fs.writeFileSync(file, JSON.stringify(settings, null, 2));
  return file;
}

/** @param {string} name */
function onPath(name) {
  if (name.includes(path.sep)) return fs.existsSync(name) ? path.resolve(name) : null;
  const folders = (process.env.PATH ?? '').split(path.delimiter);
  return folders.map((folder) => path.join(folder, name)).find((file) => fs.existsSync(file)) ?? null;
}

/** @param {string | null} text */
function versionIn(text) {
  return text?.match(/\d+\.\d+\.\d+\.\d+/)?.[0] ?? null;
}

/** @param {string} version */
function major(version) {
  return version.split('.')[0];
}
