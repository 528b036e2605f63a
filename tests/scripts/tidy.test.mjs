/** The rules of the source tree find what they are for, and leave good files alone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findingsIn } from '../../pkg-scripts/lib/tidy.mjs';

const WASM = '#[cfg(target_arch = "wasm32")]\n    use wasm_bindgen_test::wasm_bindgen_test as test;\n';
const TESTS = '#[cfg(test)]\nmod tests {\n    #[test]\n    fn works() {}\n}\n';

test('a file that says what it is for has no finding', () => {
  assert.deepEqual(findingsIn('hub/src/queue.rs', '//! The queue.\n'), []);
  assert.deepEqual(findingsIn('npm/index.js', '/** The entry. */\n'), []);
  assert.deepEqual(findingsIn('tests/run.mjs', '#!/usr/bin/env node\n// Runs it.\n'), []);
});

test('a file without a purpose is named', () => {
  assert.match(findingsIn('hub/src/queue.rs', 'use std::mem;\n')[0], /queue\.rs: does not open/);
});

test('a long file is named, but its tests do not count', () => {
  const long = `//! Long.\n${'// x\n'.repeat(601)}`;
  assert.match(findingsIn('src/a.rs', long)[0], /at most 600/);
  assert.deepEqual(
    findingsIn('src/a.rs', `//! Short.\n#[cfg(test)]\nmod tests {\n${'// x\n'.repeat(601)}}\n`),
    [],
  );
});

test('a test module of a pure crate that wasm32 would leave out is named', () => {
  assert.match(findingsIn('hub/src/queue.rs', `//! The queue.\n${TESTS}`)[0], /do not run on wasm32/);
  assert.deepEqual(
    findingsIn(
      'hub/src/queue.rs',
      `//! The queue.\n${TESTS.replace('    #[test]', `    ${WASM}    #[test]`)}`,
    ),
    [],
  );
  assert.deepEqual(findingsIn('hub/server/src/cli.rs', `//! The command line.\n${TESTS}`), []);
});
