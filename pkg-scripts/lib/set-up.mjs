/**
 * What a machine needs before anything can be built or tested, as a list of steps.
 * `setup` runs the list alone; `start`, `build` and `test` put it before their own steps.
 */
import { ensureBrowser } from './browser.mjs';
import { ensureNpmPackages, ensureTestTools } from './npm-packages.mjs';
import { ensureToolchain, ensureWasmTarget, ensureWasmTools } from './rust.mjs';

/** @typedef {import('./steps.mjs').Step} Step */

/** @returns {Step[]} what building needs */
export function setUpForBuild() {
  return [
    { title: 'Rust toolchain', body: ensureToolchain },
    { title: 'wasm target', body: ensureWasmTarget },
    { title: 'wasm tools', body: ensureWasmTools },
    { title: 'npm packages', body: ensureNpmPackages },
  ];
}

/**
 * What testing needs besides.
 * @param {(browser: import('./browser.mjs').Browser) => void} [found] receives the browser
 * @returns {Step[]}
 */
export function setUpForTest(found = () => {}) {
  const browserStep = async () => {
    const browser = await ensureBrowser();
    found(browser);
    return `${browser.chrome} ${browser.version}, driver ${browser.chromedriver}`;
  };
  return [
    ...setUpForBuild(),
    { title: 'runtimes and bundlers', body: ensureTestTools },
    { title: 'browser', body: browserStep },
  ];
}
