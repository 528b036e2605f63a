/**
 * The pinned versions of what the set-up installs. The wasm-bindgen tools must equal the library
 * in Cargo.lock: its generated code and its reader change together.
 */
import fs from 'node:fs';
import path from 'node:path';
import { Failure } from './failure.mjs';
import { root } from './paths.mjs';

export const WASM_BINDGEN = '0.2.130';
export const WASM_PACK = '0.15.0';
export const MINIMUM_RUST = [1, 89];

/** Fails when Cargo.lock has another wasm-bindgen than the tools, which would fail later and darkly. */
export function checkLockedWasmBindgen() {
  const lock = fs.readFileSync(path.join(root, 'Cargo.lock'), 'utf8');
  const locked = lock.match(/name = "wasm-bindgen"\nversion = "([^"]+)"/)?.[1];
  if (locked === WASM_BINDGEN) return;
  throw new Failure(
    `Cargo.lock has wasm-bindgen ${locked}, the scripts install the tools of ${WASM_BINDGEN}`,
    {
      cure: 'set WASM_BINDGEN in pkg-scripts/lib/versions.mjs and the version in Cargo.toml to the same number',
    },
  );
}
