/**
 * Builds what only tests need of wasm: wasm-pack, and the test runner of wasm-bindgen. Cargo pins them by
 * `tests/tools/Cargo.lock` and keeps them in the target folder. Called by the set-up of `test`.
 */
import fs from 'node:fs';
import path from 'node:path';
import { root, shown, targetDir, toolsBin } from './paths.mjs';
import { run } from './run.mjs';
import { checkWasmBindgen } from './versions.mjs';

const MANIFEST = path.join(root, 'tests', 'tools', 'Cargo.toml');

/** Builds them where they are not built yet. */
export async function buildWasmTools() {
  checkWasmBindgen();
  await run('cargo', ['build', '--locked', '--manifest-path', MANIFEST, '--target-dir', targetDir]);
  const name = path.join(toolsBin, 'wasm-bindgen');
  fs.rmSync(name, { force: true });
  fs.symlinkSync('wasm-bindgen-cli', name);
  return `in ${shown(toolsBin)}`;
}
