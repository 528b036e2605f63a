/** The sum at the end of `npm test` is believed only if it reads every runner's own summary rightly. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failedTests, lastLine, summarise, total } from '../../pkg-scripts/lib/results.mjs';

test('adds up the summary lines of cargo test', () => {
  const { counts, lines } = summarise(
    [
      'test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s',
      'test sas::tests::signs ... ok',
      'test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out',
    ].join('\n'),
  );
  assert.deepEqual(counts, { passed: 15, failed: 2, skipped: 1 });
  assert.equal(lines.length, 2);
});

test('reads the summary of the wasm-bindgen test runner', () => {
  const { counts } = summarise(
    'test result: ok. 4 passed; 0 failed; 0 ignored; 0 filtered out; finished in 0.03s',
  );
  assert.deepEqual(counts, { passed: 4, failed: 0, skipped: 0 });
});

test('reads the summary of node --test, a cancelled test being a failure', () => {
  const output = ['ℹ tests 9', 'ℹ pass 5', 'ℹ fail 1', 'ℹ cancelled 1', 'ℹ skipped 2', 'ℹ todo 0'].join('\n');
  assert.deepEqual(summarise(output).counts, { passed: 5, failed: 2, skipped: 2 });
});

test('reads the summary of vitest, but not its count of files', () => {
  const output = [' Test Files  2 passed (2)', '      Tests  1 failed | 12 passed | 3 skipped (16)'].join(
    '\n',
  );
  assert.deepEqual(summarise(output).counts, { passed: 12, failed: 1, skipped: 3 });
});

test('sees through colours', () => {
  const { counts } = summarise('\u001b[34mℹ pass 7\u001b[39m');
  assert.equal(counts.passed, 7);
});

test('counts nothing in ordinary output', () => {
  assert.equal(total(summarise('passed the salt\n12 passed\n').counts), '0 passed, 0 failed, 0 skipped');
});

test('a figure that a test tells is shown with the result, and counts as nothing', () => {
  const { counts, lines } = summarise('  ℹ measured: 1,000 clients hold 4.4 MB\nℹ note\nℹ pass 2\n');
  assert.deepEqual(lines, ['measured: 1,000 clients hold 4.4 MB', 'ℹ pass 2']);
  assert.equal(counts.passed, 2);
});

test('names what failed, each once, and the last line', () => {
  const output = [
    'test twin::grows ... FAILED',
    'test twin::stays ... ok',
    '✔ a good one (3.1ms)',
    '✖ a bad one (12.5ms)',
    '✖ failing tests:',
    '',
    '✖ a bad one (12.5ms)',
    ' FAIL  src/view.test.ts > draws',
    '  source tree: failed',
    '',
    '3 passed, 4 failed, 0 skipped',
    '',
  ].join('\n');
  assert.deepEqual(failedTests(output), [
    'twin::grows',
    'a bad one',
    'src/view.test.ts > draws',
    'source tree',
  ]);
  assert.equal(lastLine(output), '3 passed, 4 failed, 0 skipped');
});
