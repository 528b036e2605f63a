/**
 * Gives what a wasm module imports and exports names of one or two letters, in the module and in its script: the
 * generated ones are long, end in hashes, and no compressor can help them. Called by `wasm-package.mjs`.
 */
import fs from 'node:fs';
import { Failure } from './failure.mjs';

/** What the optimiser is asked for; it prints the map that `renameInScript` reads. */
export const SHORTEN = '--minify-imports-and-exports-and-modules';

/**
 * @typedef {{ imports: [module: string, name: string, short: string][], exports: [name: string, short: string][] }} Names
 */

/** @param {string} file the script that wasm-bindgen wrote @param {string} printed what the optimiser said */
export function renameInScript(file, printed) {
  /** @type {Names} */
  const { imports, exports } = JSON.parse(printed.slice(printed.indexOf('{'), printed.lastIndexOf('}') + 1));
  let script = fs.readFileSync(file, 'utf8');
  for (const [, name, short] of imports) script = replaced(script, file, `\\b${name}\\b`, short);
  for (const [module] of imports.slice(0, 1)) script = replaced(script, file, JSON.stringify(module), '"a"');
  for (const [name, short] of exports)
    script = script.replaceAll(new RegExp(`\\bwasm\\.${name}\\b`, 'g'), () => `wasm.${short}`);
  fs.writeFileSync(file, script);
}

/** @param {string} script @param {string} file @param {string} pattern @param {string} short */
function replaced(script, file, pattern, short) {
  const changed = script.replaceAll(new RegExp(pattern, 'g'), () => short);
  if (changed !== script) return changed;
  throw new Failure(`${file} does not hold ${pattern}, which the module imports`, {
    cure: 'see what this version of wasm-bindgen writes, and mend short-names.mjs',
  });
}
