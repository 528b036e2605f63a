/** The list of docs/traps.md and the tests named after traps are the same. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

/** @param {string} folder @param {string} ending @returns {string[]} the texts of the files below */
function textsBelow(folder, ending) {
  const names = fs.readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name.endsWith(ending))
    .map((name) => fs.readFileSync(path.join(ROOT, folder, name), 'utf8'));
}

const LIST = fs.readFileSync(path.join(ROOT, 'docs/traps.md'), 'utf8');
const RUST = ['protocol', 'device', 'hub', 'tests/simulation']
  .flatMap((folder) => textsBelow(folder, '.rs'))
  .join('\n');
const PAGE = textsBelow('tests/client', '.mjs').join('\n');

test('every test that the list names exists', () => {
  const rows = LIST.split('\n').filter((line) => /^\| \d/.test(line));
  assert.equal(rows.length, 36);
  for (const row of rows) {
    const cells = row.split(' | ');
    const [number = '', tests = ''] = [cells[0]?.slice(2), cells.at(-1)];
    const named = [...tests.matchAll(/`(trap_\w+)`/g)].map(([, name]) => name);
    const quoted = [...tests.matchAll(/"(trap \d+)"/g)].map(([, name]) => name);
    assert.ok(named.length + quoted.length > 0, `trap ${number} has no test`);
    for (const name of named) {
      assert.match(RUST, new RegExp(`#\\[test\\]\\s+fn ${name}\\(`), `${name} does not exist`);
      assert.ok(name?.startsWith(`trap_${number}_`), `${name} stands beside trap ${number}`);
    }
    for (const name of quoted) {
      assert.ok(PAGE.includes(`${name}: `), `no test in a page is called "${name}: …"`);
      assert.equal(name, `trap ${number}`);
    }
  }
});

test('every trap that a test is named after stands in the list', () => {
  const rust = [...RUST.matchAll(/fn trap_(\d+)_\w+\(/g)].map(([, number]) => number);
  const page = [...PAGE.matchAll(/trap (\d+): /g)].map(([, number]) => number);
  assert.ok(rust.length > 30 && page.length > 5);
  for (const number of [...rust, ...page])
    assert.ok(LIST.includes(`\n| ${number} | `), `trap ${number} is not listed`);
});
