/** The test files that docs/testing.md shows, run by the runner that each is for, with the packed package. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { installPacked } from '../packed.mjs';
import { compile, readBlocks } from './blocks.mjs';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const DEADLINE_MS = 120_000;
const BLOCKS = compile(readBlocks()).filter(({ runner }) => runner !== undefined);

/** @type {Record<string, (file: string) => string[]>} */
const RUNNERS = {
  node: (file) => ['--test', file],
  vitest: (file) => [path.join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', '--root', '.', file],
};

/** @type {import('../packed.mjs').Project} */
let project;
before(async () => {
  project = await installPacked();
  fs.symlinkSync(
    path.join(ROOT, 'node_modules/vitest'),
    path.join(project.folder, 'node_modules/vitest'),
    'dir',
  );
});
after(() => project?.remove());

test('the guide has test files for both runners', () => {
  assert.deepEqual([...new Set(BLOCKS.map(({ runner }) => runner))].sort(), ['node', 'vitest']);
});

for (const { name, place, runner = '', code = '' } of BLOCKS)
  test(`${place} passes with ${runner}`, { timeout: DEADLINE_MS }, async () => {
    const file = `${name}.test.mjs`;
    fs.writeFileSync(path.join(project.folder, file), code);
    const args = RUNNERS[runner]?.(file) ?? [];
    // A test of its own, not a part of the run that started it.
    const env = Object.fromEntries(
      Object.entries(process.env).filter(([key]) => key !== 'NODE_TEST_CONTEXT'),
    );
    const options = { cwd: project.folder, env: { ...env, NO_COLOR: '1' }, timeout: DEADLINE_MS };
    const outcome = await promisify(execFile)(process.execPath, args, options).catch((error) => error);
    assert.equal(outcome.code ?? 0, 0, `${outcome.stdout}\n${outcome.stderr}`);
    assert.match(outcome.stdout, /pass/);
  });
