/**
 * Builds the wasm parts a second time, in another target folder, and compares every byte with the first build.
 * Called by the suite `reproducible`; run by itself (`node reproducible.mjs`) it is that second build.
 */
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Failure, runMain } from './failure.mjs';
import { bindTool, targetDir } from './paths.mjs';
import { run } from './run.mjs';
import { listFiles } from './stamp.mjs';
import { buildParts, stagingDir } from './wasm-package.mjs';

const SELF = fileURLToPath(import.meta.url);
const SECOND = path.join(targetDir, 'second-build');

/** @returns {Promise<string>} a note; throws with the files that differ */
export async function checkReproducible() {
  await run('node', [SELF], { env: { CARGO_TARGET_DIR: SECOND, IOTHUB_BIND: bindTool } });
  const again = path.join(SECOND, path.relative(targetDir, stagingDir));
  const files = listFiles(stagingDir).map((file) => path.relative(stagingDir, file));
  const differ = files.filter((file) => !same(path.join(stagingDir, file), path.join(again, file)));
  if (differ.length === 0) return `${files.length} files, byte for byte the same in two builds`;
  throw new Failure('two builds of the same sources differ', {
    evidence: differ.join('\n'),
    cure: 'look for a path, a time or an order of a hash map in the bytes that differ (`cmp -l`)',
  });
}

/** @param {string} one @param {string} other */
function same(one, other) {
  return fs.existsSync(other) && fs.readFileSync(one).equals(fs.readFileSync(other));
}

if (process.argv[1] === SELF) {
  await runMain(async () => {
    await buildParts();
  });
}
