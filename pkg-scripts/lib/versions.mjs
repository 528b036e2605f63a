/**
 * The versions that the set-up asks for. What writes and reads wasm-bindgen's code must equal the library in
 * Cargo.lock: both change together.
 */
import fs from 'node:fs';
import path from 'node:path';
import { Failure } from './failure.mjs';
import { root } from './paths.mjs';

export const MINIMUM_RUST = [1, 89];

const LOCKED = [
  { lock: 'Cargo.lock', crate: 'wasm-bindgen-cli-support' },
  { lock: 'tests/tools/Cargo.lock', crate: 'wasm-bindgen-cli' },
];

/** Fails when the lock files differ in wasm-bindgen, which would fail later and darkly. */
export function checkWasmBindgen() {
  const library = lockedVersion('Cargo.lock', 'wasm-bindgen');
  for (const { lock, crate } of LOCKED) {
    const version = lockedVersion(lock, crate);
    if (version === library) continue;
    throw new Failure(`Cargo.lock has wasm-bindgen ${library}, ${lock} has ${crate} ${version}`, {
      cure: 'give both the same version in Cargo.toml and tests/tools/Cargo.toml',
    });
  }
}

/** @param {string} lock @param {string} crate */
function lockedVersion(lock, crate) {
  const text = fs.readFileSync(path.join(root, lock), 'utf8');
  return text.match(new RegExp(`name = "${crate}"\nversion = "([^"]+)"`))?.[1];
}
