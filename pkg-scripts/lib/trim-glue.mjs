/**
 * Takes out of wasm-bindgen's script what no supported runtime needs: a page downloads it all. Called by
 * `wasm-package.mjs`.
 */
import fs from 'node:fs';
import { Failure } from './failure.mjs';

/** What goes, as often as it is there, and what comes in its place. @type {[string, RegExp, string][]} */
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
  [
    'numbers made numbers, which the engine does as well',
    / {8}const (val\d+) = \+(\w+);\n((?:.*\n)*?.*)\b\1\b/,
    '$3$2',
  ],
  ['how others dispose of what only our own classes hold', /if \(Symbol\.dispose\).*\n/g, ''],
  [
    'bytes instead of a module, which npm/ compiles itself',
    / {4}if \(!\(module instanceof.*\n.*\n {4}\}\n/,
    '',
  ],
  ['what nobody reads of the module', / {4}wasm(?:Instance|Module) = .*\n/g, ''],
  ['variables for it', /let wasmModule, wasmInstance, wasm;/, 'let wasm;'],
  ['functions in their longer form', /(\w+): function\(([^)]*)\) \{/g, '$1($2) {'],
  ['a long name', /__wbg_ptr/g, 'ptr'],
  ['a size of one', / \* 1, 1\)/g, ', 1)'],
];

/** @param {string} file the script that wasm-bindgen wrote */
export function trimGlue(file) {
  let script = fs.readFileSync(file, 'utf8');
  for (const [what, piece, instead] of PIECES) {
    let trimmed = script.replace(piece, instead);
    if (trimmed === script)
      throw new Failure(`${file} has nothing of this kind: ${what}`, {
        cure: 'see what this version of wasm-bindgen writes, and mend trim-glue.mjs',
      });
    while (trimmed !== script) [script, trimmed] = [trimmed, trimmed.replace(piece, instead)];
  }
  fs.writeFileSync(file, script);
}
