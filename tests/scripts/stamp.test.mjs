/** A step is skipped only when the same inputs were already worked on and the results are still there. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { stampDir } from '../../pkg-scripts/lib/paths.mjs';
import { unlessDone } from '../../pkg-scripts/lib/stamp.mjs';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'iothub-stamp-'));
const name = `test-${path.basename(folder)}`;
const input = path.join(folder, 'input.txt');
const result = path.join(folder, 'result.txt');

after(() => {
  fs.rmSync(folder, { recursive: true });
  fs.rmSync(path.join(stampDir, `${name}.stamp`), { force: true });
});

/** @param {string[]} text */
function step(text = []) {
  return unlessDone(name, { files: [input], text, results: [result] }, async () =>
    fs.writeFileSync(result, 'made'),
  );
}

test('work is done once for the same inputs, again for new ones or a lost result', async () => {
  fs.writeFileSync(input, 'one');
  assert.equal(await step(), true);
  assert.equal(await step(), false);
  fs.writeFileSync(input, 'two');
  assert.equal(await step(), true);
  assert.equal(await step(['other tool']), true);
  fs.rmSync(result);
  assert.equal(await step(['other tool']), true);
  assert.equal(await step(['other tool']), false);
});

test('work that failed is not remembered', async () => {
  fs.writeFileSync(input, 'three');
  const failing = unlessDone(name, { files: [input], results: [result] }, async () => {
    throw new Error('no');
  });
  await assert.rejects(failing, /no/);
  assert.equal(await step(), true);
});
