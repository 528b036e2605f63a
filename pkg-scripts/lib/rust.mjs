/**
 * The Rust side of the set-up: toolchain with rustfmt and clippy, the wasm target, pinned wasm tools.
 * Called by `setup`; each function looks first and installs only what is missing.
 */
import fs from 'node:fs';
import path from 'node:path';
import { aptInstall } from './apt.mjs';
import { Failure } from './failure.mjs';
import { toolsBin, toolsDir, wasmTarget } from './paths.mjs';
import { ask, run } from './run.mjs';
import { checkLockedWasmBindgen, MINIMUM_RUST, WASM_BINDGEN, WASM_PACK } from './versions.mjs';

const RUSTUP_CURE = 'install rustup from https://rustup.rs and open a new terminal';

/** rustc new enough, with rustfmt and clippy, and a C compiler for the linker and SQLite. */
export async function ensureToolchain() {
  if ((await ask('cc', ['--version'])) === null)
    await aptInstall(['build-essential'], 'there is no C compiler (cc)');
  if ((await ask('rustup', ['--version'])) === null)
    throw new Failure('rustup is not on the PATH', { cure: RUSTUP_CURE });
  if ((await rustVersion()) === null) {
    await run('rustup', ['toolchain', 'install', 'stable', '--profile', 'minimal']);
    if ((await ask('rustup', ['default'])) === null) await run('rustup', ['default', 'stable']);
  }
  const version = await rustVersion();
  if (version === null || isOlder(version)) {
    throw new Failure(
      `Rust ${MINIMUM_RUST.join('.')} or newer is needed, this machine has ${version ?? 'none'}`,
      {
        cure: 'run `rustup update stable` and `rustup default stable`',
      },
    );
  }
  const missing = [];
  if ((await ask('cargo', ['fmt', '--version'])) === null) missing.push('rustfmt');
  if ((await ask('cargo', ['clippy', '--version'])) === null) missing.push('clippy');
  if (missing.length > 0) await run('rustup', ['component', 'add', ...missing]);
  return `Rust ${version}`;
}

async function rustVersion() {
  return (await ask('rustc', ['--version']))?.match(/rustc (\d+\.\d+\.\d+)/)?.[1] ?? null;
}

/** @param {string} version */
function isOlder(version) {
  const [major, minor] = version.split('.').map(Number);
  const [wantedMajor, wantedMinor] = MINIMUM_RUST;
  return major < wantedMajor || (major === wantedMajor && minor < wantedMinor);
}

/** The wasm target of the active toolchain; asked for by name because rustup may not install by itself. */
export async function ensureWasmTarget() {
  const installed = (await ask('rustup', ['target', 'list', '--installed'])) ?? '';
  if (installed.split('\n').includes(wasmTarget)) return `${wasmTarget} is there`;
  await run('rustup', ['target', 'add', wasmTarget]);
  return `${wasmTarget} added`;
}

/** wasm-bindgen, its test runner and wasm-pack, each of the pinned version, in a folder of our own. */
export async function ensureWasmTools() {
  checkLockedWasmBindgen();
  const built = [];
  if (await ensureTool('wasm-bindgen-cli', WASM_BINDGEN, ['wasm-bindgen', 'wasm-bindgen-test-runner'])) {
    built.push('wasm-bindgen');
  }
  if (await ensureTool('wasm-pack', WASM_PACK, ['wasm-pack'])) built.push('wasm-pack');
  const versions = `wasm-bindgen ${WASM_BINDGEN}, wasm-pack ${WASM_PACK}`;
  return built.length > 0 ? `${versions} built into ${toolsDir}` : `${versions} are there`;
}

/**
 * @param {string} crate
 * @param {string} version
 * @param {string[]} binaries
 */
async function ensureTool(crate, version, binaries) {
  const ready = await Promise.all(binaries.map((name) => hasVersion(name, version)));
  if (ready.every(Boolean)) return false;
  console.log(`      building ${crate} ${version}, once for this machine`);
  fs.mkdirSync(toolsDir, { recursive: true });
  // Not --locked: a lock file published years ago may name a dependency that has been yanked since.
  const args = ['install', crate, '--version', version, '--root', toolsDir, '--force'];
  await run('cargo', args, { env: { CARGO_TARGET_DIR: path.join(toolsDir, 'build'), RUSTFLAGS: undefined } });
  fs.rmSync(path.join(toolsDir, 'build'), { recursive: true, force: true });
  return true;
}

/** @param {string} name @param {string} version */
async function hasVersion(name, version) {
  const answer = await ask(path.join(toolsBin, name), ['--version']);
  return answer?.split(/\s+/).includes(version) ?? false;
}
