/** Two checkers of other people look at the tarball: publint, and whether its types are found as its scripts are. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { installPacked, tools } from '../packed.mjs';

/** Imported by path: the tools are apart from the workspace. @param {string} name @returns {Promise<any>} */
async function tool(name) {
  const { resolve } = createRequire(path.join(tools, 'any.js'));
  return import(pathToFileURL(resolve(name)).href);
}

/** An ES module is what `require` of CommonJS can not be promised; `node10` knows no `exports`. */
const NOT_PROMISED = ['node10', 'node16-cjs'];

/** @type {import('../packed.mjs').Project} */
let project;
before(async () => {
  project = await installPacked();
});
after(() => project?.remove());

test('publint has nothing to say', async () => {
  const { publint } = await tool('publint');
  const tarball = new Uint8Array(fs.readFileSync(project.tarball)).buffer;
  const { messages } = await publint({ pack: { tarball }, strict: true, level: 'suggestion' });
  assert.deepEqual(messages, []);
});

test('the types are right for every kind of resolution', async () => {
  const { createPackageFromTarballData, checkPackage } = await tool('@arethetypeswrong/core');
  const result = await checkPackage(createPackageFromTarballData(fs.readFileSync(project.tarball)));
  assert.ok(result.types, 'it has types');
  const problems = result.problems.filter(
    (/** @type {any} */ problem) =>
      !NOT_PROMISED.includes(problem.resolutionKind ?? problem.resolutionOption),
  );
  assert.deepEqual(problems, []);
});
