/** The table of `docs/errors.md`, the codes of the Rust core and the types of the package say the same. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { readErrorTable } from './error-table.mjs';

const read = (/** @type {string} */ name) =>
  fs.readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');

test('every code of the Rust core stands in the table, in the same order, retryable or not', () => {
  const source = read('device/src/error.rs');
  const codes = [...source.matchAll(/^ {4}[A-Z]\w+ = "([a-z-]+)", (true|false);$/gm)];
  assert.ok(codes.length > 25, 'the list of codes was not found');
  assert.deepEqual(
    readErrorTable().map(({ code, retryable }) => `${code} ${retryable}`),
    codes.map(([, code, retryable]) => `${code} ${retryable}`),
  );
});

test('every code of the table stands in the types, and no other', () => {
  const types = read('npm/index.d.ts');
  const union = types.slice(types.indexOf('export type IotHubErrorCode ='));
  const codes = [...union.slice(0, union.indexOf(';')).matchAll(/'([a-z-]+)'/g)].map(([, code]) => code);
  assert.deepEqual(
    readErrorTable().map(({ code }) => code),
    codes,
  );
});

test('every reason that the Rust core gives a status is explained', () => {
  const page = read('docs/errors.md');
  const sources = ['life.rs', 'renewal.rs', 'receive.rs', 'device.rs'].map((name) =>
    read(`device/src/${name}`),
  );
  const calls = /(?:wait_for\(\s*[^,]+,|lose_link\(|status\(\s*State::\w+,)\s*"([a-z-]+)"/g;
  const reasons = new Set(
    sources.flatMap((source) => [...source.matchAll(calls)].map(([, reason]) => reason)),
  );
  assert.ok(
    reasons.has('network') && reasons.has('silent') && reasons.has('taken-over'),
    [...reasons].join(),
  );
  for (const reason of reasons)
    assert.ok(page.includes(`\`${reason}\``), `${reason} is not in docs/errors.md`);
});
