/**
 * What a machine needs before anything can be built or tested, as steps that name what they need themselves.
 * `setup` runs them all; `start`, `build` and `test` put those that they need before their own.
 */
import { buildBindTool } from './artifacts.mjs';
import { ensureBrowser, ensureFirefox } from './browser.mjs';
import { ensureNpmPackages, ensureTestTools } from './npm-packages.mjs';
import { ensureToolchain, ensureWasmTarget } from './rust.mjs';
import { buildWasmTools } from './wasm-tools.mjs';

/**
 * @typedef {import('./steps.mjs').Step} Step
 * @typedef {import('./steps.mjs').Task} Task
 * @typedef {{ browser: import('./browser.mjs').Browser, firefox: string | null }} Found
 */

/** How many steps may use a thing at once: of what computes or starts programs, one more than it keeps busy. */
export const LIMITS = { cargo: 1, npm: 1, apt: 1, place: 3 };

/** @type {Task[]} */
const FOR_BUILD = [
  { name: 'rust', title: 'Rust toolchain', uses: ['apt'], body: ensureToolchain },
  { name: 'wasm32', title: 'wasm target', needs: ['rust'], body: ensureWasmTarget },
  { name: 'bind', title: 'wasm-bindgen', needs: ['rust'], uses: ['cargo', 'place'], body: buildBindTool },
  { name: 'npm', title: 'npm packages', uses: ['npm'], body: ensureNpmPackages },
];

/** @param {Partial<Found>} found receives the browsers @returns {Task[]} */
function forTest(found) {
  const browser = async () => {
    found.browser = await ensureBrowser();
    const { chrome, version, chromedriver } = found.browser;
    return `${chrome} ${version}, driver ${chromedriver}`;
  };
  const firefox = async () => {
    found.firefox = await ensureFirefox();
    return found.firefox ?? 'none: its tests are skipped';
  };
  return [
    { name: 'test-tools', title: 'runtimes and bundlers', uses: ['npm'], body: ensureTestTools },
    { name: 'chromium', title: 'browser', uses: ['apt'], body: browser },
    { name: 'firefox', title: 'Firefox', uses: ['apt'], body: firefox },
    {
      name: 'wasm-tools',
      title: 'wasm-pack',
      needs: ['rust'],
      uses: ['cargo', 'place'],
      body: buildWasmTools,
    },
  ];
}

/** @returns {Step[]} what building needs */
export function setUpForBuild() {
  return FOR_BUILD;
}

/** @param {string[]} names @returns {Task[]} these of the steps for building, and what they need */
export function setUp(names) {
  return among(FOR_BUILD, names);
}

/** What testing needs. @param {Partial<Found>} found @param {string[]} [names] all without */
export function setUpForTest(found, names) {
  const all = [...FOR_BUILD, ...forTest(found)];
  return among(all, names ?? all.map(({ name }) => name));
}

/** @param {Task[]} tasks @param {string[]} names */
function among(tasks, names) {
  const wanted = new Set(names);
  for (const { name, needs = [] } of [...tasks].reverse())
    if (wanted.has(name)) for (const need of needs) wanted.add(need);
  return tasks.filter(({ name }) => wanted.has(name));
}
