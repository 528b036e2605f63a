/**
 * Rules about the source tree that no compiler checks: size of files, a first line that says what a
 * file is for, and that tests of the pure crates also run on wasm32. Called by `test`.
 */
import fs from 'node:fs';
import path from 'node:path';
import { Failure } from './failure.mjs';
import { root, shown } from './paths.mjs';
import { listFiles } from './stamp.mjs';

const MAX_LINES = 600;
const FOLDERS = [
  'src',
  'protocol',
  'device',
  'hub',
  'npm',
  'www/src',
  'tests',
  'pkg-scripts',
  'bench',
  'fuzz',
];
const SOURCE = /\.(rs|m?js|tsx?)$/;
const TEST = /\.test\.\w+$/;
const PURE = ['protocol/', 'device/', 'hub/src/', 'hub/tests/'];
const WASM_TEST = 'use wasm_bindgen_test::wasm_bindgen_test as test;';

/** @returns {Promise<string>} a note; throws with every file that breaks a rule */
export async function checkTidiness() {
  const files = FOLDERS.flatMap((folder) => listFiles(path.join(root, folder))).filter((file) =>
    SOURCE.test(file),
  );
  const findings = files.flatMap((file) => findingsIn(shown(file), fs.readFileSync(file, 'utf8')));
  if (findings.length === 0) return `${files.length} files are tidy`;
  throw new Failure(`${findings.length} untidy places`, {
    evidence: findings.join('\n'),
    cure: 'split the file by ideas, say in its first lines what it is for, or add the line that is named',
  });
}

/**
 * @param {string} name
 * @param {string} text
 */
export function findingsIn(name, text) {
  const findings = [];
  const code = withoutTests(text);
  if (code > MAX_LINES) findings.push(`${name}: ${code} lines without tests, at most ${MAX_LINES}`);
  if (!TEST.test(name) && !opensWithPurpose(name, text))
    findings.push(`${name}: does not open with a comment that says what it is for`);
  findings.push(...wasmFindings(name, text));
  return findings;
}

/** @param {string} text */
function withoutTests(text) {
  const lines = text.split('\n');
  const tests = lines.findIndex((line, at) => line === '#[cfg(test)]' && lines[at + 1]?.startsWith('mod '));
  return (tests < 0 ? lines : lines.slice(0, tests)).length;
}

/** @param {string} name @param {string} text */
function opensWithPurpose(name, text) {
  const first = text.replace(/^#!.*\n/, '').trimStart();
  return name.endsWith('.rs') ? first.startsWith('//!') : /^\/[*/]/.test(first);
}

/** A test module without the wasm attribute is silently left out on wasm32. */
function wasmFindings(/** @type {string} */ name, /** @type {string} */ text) {
  if (!name.endsWith('.rs') || !PURE.some((folder) => name.startsWith(folder))) return [];
  const native = text.includes('#![cfg(not(target_arch = "wasm32"))]');
  if (!/^\s*#\[test\]/m.test(text) || text.includes(WASM_TEST) || native) return [];
  return [`${name}: its tests do not run on wasm32: add #[cfg(target_arch = "wasm32")] ${WASM_TEST}`];
}
