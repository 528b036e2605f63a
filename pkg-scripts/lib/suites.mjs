/**
 * Every suite of `npm test`: its name for the command line, what it needs built, how it is run.
 * A check counts as one test; a runner's tests are counted by its own summary lines.
 */
import path from 'node:path';
import { checkArrows } from './arrows.mjs';
import { buildDashboard, buildHubAndBindTool } from './artifacts.mjs';
import { writeWebdriverSettings } from './browser.mjs';
import { measureDownload } from './download.mjs';
import { withHub } from './hub-for-tests.mjs';
import { devHub, root, targetDir, toolsBin, wasmTarget } from './paths.mjs';
import { checkReproducible } from './reproducible.mjs';
import { run } from './run.mjs';
import { listFiles } from './stamp.mjs';
import { checkTidiness } from './tidy.mjs';
import { buildPackage } from './wasm-package.mjs';

/**
 * @typedef {import('./set-up.mjs').Found} Context
 * @typedef {{ code: number, output: string }} Outcome
 * @typedef {object} Suite
 * @property {string} name
 * @property {string} title
 * @property {string[]} [needs] names of set-up steps (set-up.mjs), and of suites that must have passed in this run
 * @property {string[]} [uses] what two suites cannot use at once
 * @property {(context: Context) => Promise<string | Outcome>} body a note for a check, an outcome for a runner
 */

const ON_WASM = ['--target', wasmTarget];
/** The shells with sockets, and the benches: they have no wasm form. */
const NATIVE_ONLY = ['iothub-local', 'iothub-bench', 'iothub-bench-functions', 'iothub-bind'].flatMap(
  (name) => ['--exclude', name],
);
const DENY = ['--', '-D', 'warnings'];
const PURE = ['iothub-protocol', 'iothub-device', 'iothub-hub'].flatMap((name) => ['-p', name]);
const keep = { allowFailure: true };

/** Cargo locks its target folder. */
const CARGO = { uses: ['cargo', 'place'] };
/** Starts programs that mostly wait for each other. */
const PROGRAMS = { uses: ['place'] };

/**
 * In this order where there is a choice: first what others wait for, then what takes longest.
 * @type {Suite[]}
 */
export const SUITES = [
  {
    name: 'fmt',
    title: 'rustfmt',
    needs: ['rust'],
    body: check(() => run('cargo', ['fmt', '--all', '--check', '--', '--color', 'never'])),
  },
  {
    name: 'lock',
    title: 'Cargo.lock is complete',
    needs: ['rust'],
    body: check(() => run('cargo', ['metadata', '--locked', '--format-version', '1'])),
  },
  { name: 'arrows', title: 'arrows between crates', needs: ['rust'], body: checkArrows },
  { name: 'tidy', title: 'source tree', body: checkTidiness },
  { name: 'hub', title: 'build the hub', needs: ['rust'], ...CARGO, body: buildHubAndBindTool },
  { name: 'package', title: 'build the package', needs: ['wasm32', 'bind'], ...CARGO, body: buildPackage },
  {
    name: 'dashboard',
    title: 'build the dashboard',
    needs: ['npm', 'package'],
    ...PROGRAMS,
    body: buildDashboard,
  },
  {
    name: 'page',
    title: 'the page, end to end',
    needs: ['chromium', 'firefox', 'hub', 'dashboard'],
    ...PROGRAMS,
    body: inBrowser('page'),
  },
  {
    name: 'fleet',
    title: '1,200 devices in two pages, for a minute',
    needs: ['npm', 'chromium', 'hub', 'package'],
    ...PROGRAMS,
    body: inBrowser('fleet'),
  },
  {
    name: 'client',
    title: 'the whole client in a browser',
    needs: ['npm', 'chromium', 'hub', 'package'],
    ...PROGRAMS,
    body: inBrowser('client'),
  },
  {
    name: 'soak',
    title: 'a short soak on a bad network',
    needs: ['npm', 'test-tools', 'chromium', 'hub', 'package'],
    ...PROGRAMS,
    body: inBrowser('soak'),
  },
  {
    name: 'runtimes',
    title: 'one suite in every runtime',
    needs: ['npm', 'test-tools', 'chromium', 'firefox', 'hub', 'package'],
    ...PROGRAMS,
    body: inBrowser('runtimes'),
  },
  {
    name: 'native',
    title: 'native tests',
    needs: ['rust'],
    ...CARGO,
    body: () => run('cargo', ['test', '--workspace', '--no-fail-fast'], keep),
  },
  {
    name: 'clippy',
    title: 'clippy, native',
    needs: ['rust'],
    ...CARGO,
    body: check(() => run('cargo', ['clippy', '--workspace', '--all-targets', ...DENY])),
  },
  {
    name: 'clippy-wasm',
    title: 'clippy, wasm32',
    needs: ['wasm32'],
    ...CARGO,
    body: check(() =>
      run('cargo', ['clippy', '--workspace', ...NATIVE_ONLY, '--all-targets', ...ON_WASM, ...DENY]),
    ),
  },
  { name: 'fuzz', title: 'every fuzz target, some seconds', needs: ['rust'], ...CARGO, body: shortFuzz },
  {
    name: 'wasm',
    title: 'pure crates on wasm32',
    needs: ['wasm32', 'wasm-tools'],
    ...CARGO,
    body: pureOnWasm,
  },
  {
    name: 'wasm-pack',
    title: 'wasm-pack in a headless browser',
    needs: ['wasm32', 'wasm-tools', 'chromium', 'hub'],
    ...CARGO,
    body: wasmPack,
  },
  {
    name: 'reproducible',
    title: 'two builds, the same bytes',
    needs: ['package'],
    ...CARGO,
    body: checkReproducible,
  },
  { name: 'crates', title: 'the crates, ready to publish', needs: ['rust'], ...CARGO, body: cratesDryRun },
  { name: 'lint', title: 'biome and tsc', needs: ['npm', 'package'], ...PROGRAMS, body: lint },
  {
    name: 'www',
    title: 'dashboard, unit tests',
    needs: ['npm', 'package'],
    ...PROGRAMS,
    body: () => run('npm', ['test', '--workspace', 'www'], keep),
  },
  {
    name: 'scripts',
    title: 'scripts, unit tests',
    ...PROGRAMS,
    body: () => nodeTests({}, 'scripts'),
  },
  {
    name: 'browser',
    title: 'the client in a browser',
    needs: ['npm', 'chromium', 'hub', 'package'],
    ...PROGRAMS,
    body: inBrowser('browser'),
  },
  {
    name: 'docs',
    title: 'what the documents show',
    needs: ['npm', 'test-tools', 'chromium', 'hub', 'package'],
    ...PROGRAMS,
    body: inBrowser('docs'),
  },
  {
    name: 'node',
    title: 'the client in Node, with sockets of many manners',
    needs: ['npm', 'test-tools', 'hub', 'package'],
    ...PROGRAMS,
    body: () => nodeTests({}, 'node'),
  },
  {
    name: 'package-quality',
    title: 'the packed tarballs',
    needs: ['npm', 'test-tools', 'hub', 'package', 'dashboard'],
    ...PROGRAMS,
    body: () => nodeTests({}, 'package'),
  },
  {
    name: 'vitest',
    title: 'the client under Vitest, with jsdom and happy-dom',
    needs: ['npm', 'test-tools', 'hub', 'package'],
    ...PROGRAMS,
    body: () => nodeTests({}, 'vitest'),
  },
  {
    name: 'cloudflare',
    title: 'the Cloudflare example in workerd',
    needs: ['npm', 'test-tools', 'hub', 'package'],
    ...PROGRAMS,
    body: () => nodeTests({}, 'cloudflare'),
  },
  {
    name: 'bundlers',
    title: 'one application, every bundler',
    needs: ['npm', 'test-tools', 'chromium', 'package'],
    ...PROGRAMS,
    body: inBrowser('bundlers'),
  },
  {
    name: 'download',
    title: 'what a page downloads',
    needs: ['test-tools', 'package'],
    ...PROGRAMS,
    body: measureDownload,
  },
  { name: 'sdk', title: 'the official SDKs', needs: ['npm', 'hub'], ...PROGRAMS, body: officialSdk },
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
  // As the tests build it, with the features of the workspace: `cargo run -p` would compile all that is below anew.
  await run('cargo', ['build', '--workspace', '--bin', 'fuzz']);
  const { output } = await run(path.join(targetDir, 'debug', 'fuzz'), ['play', '--inputs', '10000'], {
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
  return (/** @type {Context} */ { browser, firefox }) =>
    nodeTests({ CHROME: browser.chrome, ...(firefox && { FIREFOX: firefox }) }, folder);
}

/** Everything of a publication but the upload; what the crates contain is compiled by the other suites. */
async function cratesDryRun() {
  const args = ['publish', '--dry-run', '--allow-dirty', '--no-verify', ...PURE];
  await run('cargo', args, { cure: 'it reads the index of crates.io: is there a network?' });
  return 'packed, not uploaded';
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
