/**
 * Takes out of wasm-bindgen's script what no supported runtime needs: a page downloads it all. Called by
 * `wasm-package.mjs`.
 */
import fs from 'node:fs';
import { Failure } from './failure.mjs';

/** What goes, and what comes in its place. @type {[string, RegExp, string][]} */
const PIECES = [
  [
    'a TextEncoder without encodeInto, which npm/staging.js needs all the same',
    /if \(!\('encodeInto' in cachedTextEncoder\)\) \{.*?\n\}\n/s,
    '',
  ],
  ['strings without realloc, which the module has', / {4}if \(realloc === undefined\) \{.*?\n {4}\}\n/s, ''],
  [
    'an older way of calling initSync, which npm/ does not use',
    / {4}if \(module !== undefined\) \{\s*if \(Object\.getPrototypeOf\(module\).*?\n {4}\}\n/s,
    '    ({ module } = module);\n',
  ],
  [
    'care for what was passed when the next thing cannot be: without memory the module has stopped',
    / {8}try \{\n((?: {12}.*\n)+) {8}\} catch \(e\) \{\n(?: {12}if .*\n)+ {12}throw e;\n {8}\}\n/g,
    '$1',
  ],
];

/** @param {string} file the script that wasm-bindgen wrote */
export function trimGlue(file) {
  let script = fs.readFileSync(file, 'utf8');
  for (const [what, piece, instead] of PIECES) {
    const trimmed = script.replace(piece, instead);
    if (trimmed === script)
      throw new Failure(`${file} has nothing of this kind: ${what}`, {
        cure: 'see what this version of wasm-bindgen writes, and mend trim-glue.mjs',
      });
    script = trimmed;
  }
  fs.writeFileSync(file, script);
}
