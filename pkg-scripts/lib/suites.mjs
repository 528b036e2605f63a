/**
 * Every suite of `npm test`: its name for the command line, what it needs built, how it is run.
 * A check counts as one test; a runner's tests are counted by its own summary lines.
 */
import path from 'node:path';
import { checkArrows } from './arrows.mjs';
import { buildDashboard, buildDevHub } from './artifacts.mjs';
import { ensureFirefox, writeWebdriverSettings } from './browser.mjs';
import { measureDownload } from './download.mjs';
import { withHub } from './hub-for-tests.mjs';
import { devHub, root, toolsBin, wasmTarget } from './paths.mjs';
import { checkReproducible } from './reproducible.mjs';
import { run } from './run.mjs';
import { listFiles } from './stamp.mjs';
import { checkTidiness } from './tidy.mjs';
import { buildPackage } from './wasm-package.mjs';

/**
 * @typedef {{ browser: import('./browser.mjs').Browser }} Context
 * @typedef {{ code: number, output: string }} Outcome
 * @typedef {object} Suite
 * @property {string} name
 * @property {string} title
 * @property {string[]} [needs] names of suites that must have passed in this run
 * @property {(context: Context) => Promise<string | Outcome>} body a note for a check, an outcome for a runner
 */

const ON_WASM = ['--target', wasmTarget];
/** The shells with sockets, and the benches: they have no wasm form. */
const NATIVE_ONLY = ['iothub-local', 'iothub-bench', 'iothub-bench-functions'].flatMap((name) => [
  '--exclude',
  name,
]);
const DENY = ['--', '-D', 'warnings'];
const PURE = ['iothub-protocol', 'iothub-device', 'iothub-hub'].flatMap((name) => ['-p', name]);
const keep = { allowFailure: true };

/** @type {Suite[]} */
export const SUITES = [
  {
    name: 'fmt',
    title: 'rustfmt',
    body: check(() => run('cargo', ['fmt', '--all', '--check', '--', '--color', 'never'])),
  },
  {
    name: 'lock',
    title: 'Cargo.lock is complete',
    body: check(() => run('cargo', ['metadata', '--locked', '--format-version', '1'])),
  },
  { name: 'arrows', title: 'arrows between crates', body: checkArrows },
  { name: 'tidy', title: 'source tree', body: checkTidiness },
  {
    name: 'clippy',
    title: 'clippy, native',
    body: check(() => run('cargo', ['clippy', '--workspace', '--all-targets', ...DENY])),
  },
  {
    name: 'clippy-wasm',
    title: 'clippy, wasm32',
    body: check(() =>
      run('cargo', ['clippy', '--workspace', ...NATIVE_ONLY, '--all-targets', ...ON_WASM, ...DENY]),
    ),
  },
  {
    name: 'native',
    title: 'native tests',
    body: () => run('cargo', ['test', '--workspace', '--no-fail-fast'], keep),
  },
  { name: 'fuzz', title: 'every fuzz target, some seconds', body: shortFuzz },
  { name: 'wasm', title: 'pure crates on wasm32', body: pureOnWasm },
  { name: 'hub', title: 'build the hub', body: buildDevHub },
  { name: 'package', title: 'build the package', body: buildPackage },
  { name: 'dashboard', title: 'build the dashboard', needs: ['package'], body: buildDashboard },
  { name: 'lint', title: 'biome and tsc', needs: ['package'], body: lint },
  {
    name: 'www',
    title: 'dashboard, unit tests',
    body: () => run('npm', ['test', '--workspace', 'www'], keep),
  },
  { name: 'scripts', title: 'scripts, unit tests', body: () => nodeTests({}, 'scripts') },
  { name: 'wasm-pack', title: 'wasm-pack in a headless browser', needs: ['hub'], body: wasmPack },
  {
    name: 'browser',
    title: 'the client in a browser',
    needs: ['hub', 'package'],
    body: inBrowser('browser'),
  },
  {
    name: 'client',
    title: 'the whole client in a browser',
    needs: ['hub', 'package'],
    body: inBrowser('client'),
  },
  {
    name: 'soak',
    title: 'a short soak on a bad network',
    needs: ['hub', 'package'],
    body: inBrowser('soak'),
  },
  {
    name: 'fleet',
    title: '1,200 devices in two pages, for a minute',
    needs: ['hub', 'package'],
    body: inBrowser('fleet'),
  },
  { name: 'docs', title: 'what the documents show', needs: ['hub', 'package'], body: inBrowser('docs') },
  {
    name: 'node',
    title: 'the client in Node, with sockets of many manners',
    needs: ['hub', 'package'],
    body: () => nodeTests({}, 'node'),
  },
  {
    name: 'package-quality',
    title: 'the packed tarballs',
    needs: ['hub', 'package', 'dashboard'],
    body: () => nodeTests({}, 'package'),
  },
  {
    name: 'runtimes',
    title: 'one suite in every runtime',
    needs: ['hub', 'package'],
    body: inRuntimes,
  },
  {
    name: 'cloudflare',
    title: 'the Cloudflare example in workerd',
    needs: ['hub', 'package'],
    body: () => nodeTests({}, 'cloudflare'),
  },
  {
    name: 'bundlers',
    title: 'one application, every bundler',
    needs: ['package'],
    body: inBrowser('bundlers'),
  },
  { name: 'crates', title: 'the crates, ready to publish', body: cratesDryRun },
  { name: 'download', title: 'what a page downloads', needs: ['package'], body: measureDownload },
  {
    name: 'reproducible',
    title: 'two builds, the same bytes',
    needs: ['package'],
    body: checkReproducible,
  },
  { name: 'page', title: 'the page, end to end', needs: ['hub', 'dashboard'], body: inBrowser('page') },
  { name: 'sdk', title: 'the official SDKs', needs: ['hub'], body: officialSdk },
];

/**
 * A step that passes when its command does.
 * @param {() => Promise<unknown>} command
 */
function check(command) {
  return async () => {
    await command();
    return 'clean';
  };
}

async function lint() {
  await run('npx', ['--no-install', 'biome', 'ci', '--colors=off', '.']);
  await run('npx', ['--no-install', 'tsc', '-p', 'tsconfig.json']);
  await run('npx', ['--no-install', 'tsc', '-p', 'www']);
  return 'clean';
}

/** Mutations from a fixed seed; long runs are `pkg-scripts/fuzz`. */
async function shortFuzz() {
  const args = ['run', '-q', '-p', 'iothub-fuzz', '--bin', 'fuzz', '--', 'play', '--inputs', '10000'];
  const { output } = await run('cargo', args, {
    cure: 'the input is named above: fuzz one TARGET FILE plays it',
  });
  console.log(output.trimEnd());
  return `${output.trimEnd().split('\n').length} targets, 10,000 inputs each, no rule broken`;
}

function pureOnWasm() {
  const runner = path.join(toolsBin, 'wasm-bindgen-test-runner');
  const env = { CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER: runner };
  return run('cargo', ['test', ...PURE, '--no-fail-fast', ...ON_WASM, '--lib', '--tests'], { env, ...keep });
}

/** @param {Context} context */
function wasmPack({ browser }) {
  const args = [
    'test',
    '--headless',
    '--chrome',
    '--chromedriver',
    browser.chromedriver,
    '--mode',
    'no-install',
  ];
  return withHub((hub) => {
    const env = {
      ...hub,
      PATH: `${toolsBin}${path.delimiter}${process.env.PATH}`,
      WASM_BINDGEN_TEST_WEBDRIVER_JSON: writeWebdriverSettings(browser),
      WASM_BINDGEN_TEST_TIMEOUT: '120',
    };
    return run(path.join(toolsBin, 'wasm-pack'), args, { env, ...keep });
  });
}

/** @param {string} folder */
function inBrowser(folder) {
  return (/** @type {Context} */ { browser }) => nodeTests({ CHROME: browser.chrome }, folder);
}

/** Everything of a publication but the upload; what the crates contain is compiled by the other suites. */
async function cratesDryRun() {
  const args = ['publish', '--dry-run', '--allow-dirty', '--no-verify', ...PURE];
  await run('cargo', args, { cure: 'it reads the index of crates.io: is there a network?' });
  return 'packed, not uploaded';
}

/** @param {Context} context */
async function inRuntimes({ browser }) {
  const firefox = await ensureFirefox();
  return nodeTests({ CHROME: browser.chrome, ...(firefox && { FIREFOX: firefox }) }, 'runtimes');
}

function officialSdk() {
  return run('node', ['tests/official-sdk/main.mjs'], { env: { IOTHUB_LOCAL: devHub }, ...keep });
}

/**
 * @param {Record<string, string>} env
 * @param {string} folder below `tests/`
 */
function nodeTests(env, folder) {
  const files = listFiles(path.join(root, 'tests', folder)).filter((file) => file.endsWith('.test.mjs'));
  // One file at a time: each starts a browser or a hub, and the machine may have two cores.
  const args = ['--test', '--test-concurrency=1', '--test-reporter=spec', ...files];
  return run('node', args, { env: { IOTHUB_LOCAL: devHub, ...env }, ...keep });
}
