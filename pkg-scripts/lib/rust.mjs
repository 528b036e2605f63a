/**
 * The Rust side of the set-up: toolchain with rustfmt and clippy, the wasm target.
 * Called by `setup`; each function looks first and installs only what is missing.
 */
import { aptInstall } from './apt.mjs';
import { Failure } from './failure.mjs';
import { wasmTarget } from './paths.mjs';
import { ask, run } from './run.mjs';
import { MINIMUM_RUST } from './versions.mjs';

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
