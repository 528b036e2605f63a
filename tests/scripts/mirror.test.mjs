/** A mirrored folder ends equal to its source, and files that are equal already are not touched. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { mirror } from '../../pkg-scripts/lib/mirror.mjs';

test('what is new comes, what is gone goes, what is equal stays untouched', () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'iothub-mirror-'));
  const [from, to] = ['from', 'to'].map((name) => path.join(folder, name));
  const write = (/** @type {string} */ file, /** @type {string} */ text) => {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
  };
  write(path.join(from, 'a.js'), 'a');
  write(path.join(from, 'deep/b.js'), 'b');
  write(path.join(to, 'a.js'), 'a');
  write(path.join(to, 'deep/b.js'), 'older');
  write(path.join(to, 'gone.js'), 'x');
  const before = fs.statSync(path.join(to, 'a.js')).ino;
  mirror(from, to);
  assert.equal(fs.statSync(path.join(to, 'a.js')).ino, before);
  assert.equal(fs.readFileSync(path.join(to, 'deep/b.js'), 'utf8'), 'b');
  assert.deepEqual(fs.readdirSync(to).sort(), ['a.js', 'deep']);
  fs.rmSync(folder, { recursive: true });
});
