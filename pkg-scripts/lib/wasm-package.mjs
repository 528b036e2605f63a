/**
 * Builds the npm package into `pkg/`, ready for `npm pack`: crate → wasm-bindgen → wasm-opt, beside
 * the hand-written files of `npm/`. Called by `build` and `test`; `start` builds one without the slow optimisations,
 * in a folder of its own.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import zlib from 'node:zlib';
import { Failure } from './failure.mjs';
import { mirror } from './mirror.mjs';
import {
  bindTool,
  packageDir,
  quickPackageDir,
  root,
  shown,
  stampDir,
  targetDir,
  wasmTarget,
} from './paths.mjs';
import { ask, run } from './run.mjs';
import { writeSbom } from './sbom.mjs';
import { renameInScript, SHORTEN } from './short-names.mjs';
import { hashOf, isDone, unlessDone } from './stamp.mjs';
import { say } from './steps.mjs';
import { trimGlue } from './trim-glue.mjs';

/**
 * One crate of the package: where its wasm goes, and the sources whose change asks for a new one.
 * @typedef {{ crate: string, library: string, out: string, sources: string[] }} WasmPart
 */

/** @type {WasmPart[]} */
const PARTS = [
  { crate: 'iothub-wasm', library: 'iothub_wasm', out: 'wasm', sources: ['src', 'device'] },
  {
    crate: 'iothub-hub-wasm',
    library: 'iothub_hub_wasm',
    out: 'hub/wasm',
    sources: ['hub/Cargo.toml', 'hub/src', 'hub/wasm'],
  },
];

/** What is built before it is laid out. */
export const stagingDir = path.join(stampDir, 'package');
const quickStagingDir = path.join(stampDir, 'quick');

const SHARED_SOURCES = ['Cargo.toml', 'Cargo.lock', 'protocol'];
const OWN_SOURCES = ['pkg-scripts/lib/wasm-package.mjs', 'pkg-scripts/bind', 'package-lock.json'];

/** The wasm features every supported runtime has; the optimiser must be told of them. */
const FEATURES = [
  'bulk-memory',
  'reference-types',
  'nontrapping-float-to-int',
  'sign-ext',
  'mutable-globals',
  'multivalue',
].map((name) => `--enable-${name}`);

/**
 * A browser compiles a function when it is called first: small ones go where they are called, and large ones that are
 * called in one place stay by themselves, so that a page compiles less, and less often, before its first CONNECT.
 */
const FIRST_CALLS = ['--always-inline-max-function-size=14', '--one-caller-inline-max-function-size=40'];

/**
 * The lowest KB of memory is the far end of the stack: no pointer of Rust's is there, so that an offset may go into the
 * load or store that it is for.
 */
const NOTHING_LOW = '--low-memory-unused';

/** For brotli: functions of one crate and type side by side, and one way to write each load and store. */
const ALIKE = ['--reorder-functions-by-name', '--dealign'];

const OPTIMISE = ['-Oz', '--converge', NOTHING_LOW, ...FIRST_CALLS, ...ALIKE, ...FEATURES];

const STRIP = ['--strip-debug', '--strip-producers', '--strip-target-features', SHORTEN, ...FEATURES];

/** Builds what changed and lays out `pkg/`. */
export async function buildPackage() {
  const built = await buildParts();
  layOut(stagingDir, packageDir);
  await writeSbom(PARTS.map((part) => part.crate));
  return built.length > 0 ? `built ${built.join(' and ')} into pkg/` : 'unchanged, pkg/ laid out';
}

/** Builds what changed into staging folders below the target folder; gives the crates' names. */
export async function buildParts() {
  const built = [];
  for (const part of PARTS) if (await buildPart(part)) built.push(part.crate);
  return built;
}

/** Whether `pkg/` is what `buildPackage` would make of the sources as they are. */
export function isPackageBuilt() {
  return PARTS.every((part) => isDone(`package-${part.crate}`, inputsOf(part))) && fs.existsSync(packageDir);
}

/** @param {WasmPart} part */
function inputsOf(part) {
  const folder = path.join(stagingDir, part.crate);
  return {
    files: [...SHARED_SOURCES, ...part.sources],
    text: [hashOf([...OWN_SOURCES, 'pkg-scripts/lib/short-names.mjs', 'pkg-scripts/lib/trim-glue.mjs'])],
    results: [path.join(folder, `${part.library}_bg.wasm`), namedWasm(part.library)],
  };
}

/** @param {WasmPart} part */
async function buildPart(part) {
  const folder = path.join(stagingDir, part.crate);
  return unlessDone(`package-${part.crate}`, inputsOf(part), async () => {
    await compile(part.crate);
    await bind(compiled(part, 'web'), folder);
    await optimise(path.join(folder, `${part.library}_bg.wasm`), namedWasm(part.library));
    pack(path.join(folder, `${part.library}_bg.wasm`));
  });
}

/**
 * The wasm of a first look, compiled as tests are: no link-time optimisation, no wasm-opt, a third of the time. Both
 * crates at once, because they share most of what is compiled.
 */
export async function compileQuickly() {
  const done = await unlessDone('quick-wasm', quickInputs(), async () => {
    const crates = PARTS.flatMap(({ crate }) => ['-p', crate]);
    await run('cargo', ['build', ...crates, '--lib', '--target', wasmTarget], {
      // Not a profile of its own: what runs while compiling (macros, build scripts) is shared with the hub.
      env: { ...(await wasmEnvironment()), CARGO_PROFILE_DEV_OPT_LEVEL: '1' },
    });
    for (const part of PARTS) fs.copyFileSync(compiled(part, 'debug'), quickWasm(part));
  });
  return done ? 'compiled' : 'unchanged';
}

function quickInputs() {
  return {
    files: [...SHARED_SOURCES, ...PARTS.flatMap(({ sources }) => sources)],
    text: [hashOf(OWN_SOURCES)],
    results: PARTS.map(quickWasm),
  };
}

/** @param {WasmPart} part */
function quickWasm({ library }) {
  fs.mkdirSync(quickStagingDir, { recursive: true });
  return path.join(quickStagingDir, `${library}.wasm`);
}

/** Lays out the package of a first look. */
export async function buildQuickPackage() {
  for (const part of PARTS) {
    const folder = path.join(quickStagingDir, part.crate);
    await bind(quickWasm(part), folder);
    refuseForeignImports(path.join(folder, `${part.library}_bg.wasm`));
  }
  layOut(quickStagingDir, quickPackageDir);
  return shown(quickPackageDir);
}

/**
 * Only as a cdylib: a crate that is built as an rlib too, for its tests, is linked without link-time optimisation,
 * whatever the profile says, and its wasm is 18 KB larger (7 KB after brotli).
 * @param {string} crate
 */
async function compile(crate) {
  const only = ['--lib', '--crate-type', 'cdylib'];
  await run('cargo', ['rustc', '-p', crate, ...only, '--target', wasmTarget, '--profile', 'web'], {
    env: await wasmEnvironment(),
  });
}

/**
 * Panic messages carry source paths: the same bytes must come out in every folder and for every user. SHA-256
 * signs one token an hour: its compact form saves 7 KB of unrolled rounds.
 */
async function wasmEnvironment() {
  const cargoHome = process.env.CARGO_HOME || path.join(os.homedir(), '.cargo');
  const sysroot = await ask('rustc', ['--print', 'sysroot']);
  const commit = (await ask('rustc', ['-vV']))?.match(/commit-hash: (\w+)/)?.[1];
  const flags = [
    // Where the component rust-src is installed, the standard library's paths become those of this machine.
    `--remap-path-prefix=${sysroot}/lib/rustlib/src/rust=/rustc/${commit}`,
    `--remap-path-prefix=${cargoHome}=cargo`,
    `--remap-path-prefix=${root}=iothub-wasm`,
    '--cfg sha2_backend_soft="compact"',
    // Nothing is computed in one branch more, to save it after another: 0.1 KB.
    '-Cllvm-args=-enable-pre=false',
  ];
  return { CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS: flags.join(' ') };
}

/** @param {WasmPart} part @param {string} profile */
function compiled({ library }, profile) {
  return path.join(targetDir, wasmTarget, profile, `${library}.wasm`);
}

/** Writes the JavaScript beside a wasm file. @param {string} wasm @param {string} folder */
async function bind(wasm, folder) {
  fs.rmSync(folder, { recursive: true, force: true });
  await run(bindTool, [wasm, folder]);
}

/** What is delivered, with the names of its functions: for `wasm-parts.mjs`. @param {string} library */
export function namedWasm(library) {
  return path.join(stampDir, 'named', `${library}.wasm`);
}

/** @param {string} file @param {string} named where to leave what still has its names */
async function optimise(file, named) {
  const before = fs.statSync(file).size;
  const wasmOpt = path.join(root, 'node_modules/binaryen/bin/wasm-opt');
  refuseForeignImports(file);
  fs.mkdirSync(path.dirname(named), { recursive: true });
  await run('node', [wasmOpt, file, ...OPTIMISE, '-g', '-o', named]);
  // By itself: `--converge` would shorten the names, and print them, again and again.
  const { output } = await run('node', [wasmOpt, named, ...STRIP, '-o', file]);
  const script = file.replace(/_bg\.wasm$/, '.js');
  renameInScript(script, output);
  trimGlue(script);
  say(`wasm-opt: ${before} → ${fs.statSync(file).size} bytes`);
}

/** The same bytes as a string in a script, for entries that load nothing else; `npm/unpack.js` reads it. */
function pack(/** @type {string} */ file) {
  const packed = zlib.deflateRawSync(fs.readFileSync(file), { level: 9 }).toString('base64');
  const script = file.replace(/_bg\.wasm$/, '_packed.js');
  fs.writeFileSync(script, `/* The wasm file beside this, deflated. */\nexport default '${packed}';\n`);
  fs.writeFileSync(script.replace(/js$/, 'd.ts'), 'declare const packed: string;\nexport default packed;\n');
}

/** An import named `env` means that C code or a libc leaked in; no host would provide it. */
function refuseForeignImports(/** @type {string} */ file) {
  const module = new WebAssembly.Module(fs.readFileSync(file));
  const foreign = WebAssembly.Module.imports(module).filter((entry) => entry.module === 'env');
  if (foreign.length === 0) return;
  throw new Failure('the wasm module imports from `env`, which no JavaScript host provides', {
    evidence: foreign.map((entry) => `env.${entry.name}`).join('\n'),
    cure: 'find the dependency that is not made for wasm32-unknown-unknown with `cargo tree`',
  });
}

/**
 * The hand-written files of `npm/` + the generated ones + licences and README.
 * @param {string} staging @param {string} out
 */
function layOut(staging, out) {
  const layout = `${staging}-layout`;
  fs.rmSync(layout, { recursive: true, force: true });
  fs.cpSync(path.join(root, 'npm'), layout, { recursive: true, filter: (file) => !isGenerated(file) });
  for (const part of PARTS) {
    const generated = path.join(staging, part.crate);
    fs.cpSync(generated, path.join(layout, part.out), { recursive: true, filter: keepGenerated });
  }
  for (const name of ['LICENSE-MIT', 'LICENSE-APACHE'])
    fs.copyFileSync(path.join(root, name), path.join(layout, name));
  const readme = path.join(layout, 'README.md');
  if (!fs.existsSync(readme)) fs.copyFileSync(path.join(root, 'README.md'), readme);
  mirror(layout, out);
}

/** @param {string} file */
function isGenerated(file) {
  return path.basename(file) === 'node_modules';
}

/** wasm-bindgen writes a package.json and a .gitignore of its own for some targets: ours is the package. */
function keepGenerated(/** @type {string} */ file) {
  return !['package.json', '.gitignore', 'README.md'].includes(path.basename(file));
}
