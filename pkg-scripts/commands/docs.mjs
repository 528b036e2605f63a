/**
 * `npm run docs`: the API reference of the package's types, as Markdown in `target/docs/api`. It is built, not
 * committed, so that it can never lag behind `npm/index.d.ts`; the suite `docs` builds it too.
 */
import path from 'node:path';
import { Failure, runMain } from '../lib/failure.mjs';
import { root } from '../lib/paths.mjs';
import { run } from '../lib/run.mjs';
import { setUpForBuild } from '../lib/set-up.mjs';
import { runSteps } from '../lib/steps.mjs';

const OUT = path.join(root, 'target/docs/api');

/** Entry of `pkg-scripts/docs`. */
export const main = () =>
  runMain(async () => {
    if (process.argv.length > 2) throw new Failure('docs takes no argument', { cure: `it writes ${OUT}` });
    const seconds = await runSteps([...setUpForBuild(), { title: 'reference', body: buildReference }]);
    console.log(`\n${path.join(OUT, 'README.md')} after ${seconds} s`);
  });

/** Writes the reference. A link to nothing is a failure. */
async function buildReference() {
  await run('npm', ['exec', '--workspace', 'docs', '--', 'typedoc', '--options', 'typedoc.json']);
  return path.relative(root, OUT);
}
