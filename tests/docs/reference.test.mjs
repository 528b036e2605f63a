/** The API reference builds from the package's types without a warning, and has a page for every public name. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

test('the reference builds without a warning, a page for every public name', { timeout: 300_000 }, () => {
  const typedoc = ['exec', '--workspace', 'docs', '--', 'typedoc', '--options', 'typedoc.json'];
  const { status, stdout, stderr } = spawnSync('npm', typedoc, { cwd: ROOT, encoding: 'utf8' });
  assert.equal(status, 0, stdout + stderr);
  const api = path.join(ROOT, 'target/docs/api');
  const pages = fs.readdirSync(api, { recursive: true, encoding: 'utf8' });
  const types = fs.readFileSync(path.join(ROOT, 'npm/index.d.ts'), 'utf8');
  const names = [...types.matchAll(/^export (?:declare class|interface|type) (\w+)/gm)].map(
    ([, name]) => name,
  );
  assert.ok(names.length > 20, names.join());
  for (const name of names)
    assert.ok(
      pages.some((page) => page.endsWith(`/${name}.md`)),
      `${name} has no page`,
    );
  const client = fs.readFileSync(path.join(api, 'index/classes/DeviceClient.md'), 'utf8');
  for (const method of ['connect', 'send', 'getTwin', 'updateReported', 'onMethod', 'close'])
    assert.match(client, new RegExp(`### ${method}\\(\\)`));
});
