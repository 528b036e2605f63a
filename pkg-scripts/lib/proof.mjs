/**
 * Sections of `docs/proof.md` that a command writes: a table between two marks, and the figures as JSON beside the
 * benches' results. Used by `fuzz`, `simulate` and `soak`.
 */
import fs from 'node:fs';
import path from 'node:path';
import { root } from './paths.mjs';
import { ask } from './run.mjs';

const DOCUMENT = path.join(root, 'docs', 'proof.md');

/**
 * Prints a section, puts it into the document, and keeps its figures.
 * @param {string} name of the section
 * @param {string} text
 * @param {unknown} figures
 */
export function publishProof(name, text, figures) {
  console.log(`\n${text}\n`);
  const [open, close] = [`<!-- ${name}: written by its command -->`, `<!-- /${name} -->`];
  const old = fs.readFileSync(DOCUMENT, 'utf8');
  const [from, to] = [old.indexOf(open), old.indexOf(close)];
  if (from < 0 || to < from) throw new Error(`docs/proof.md has no marks ${open} and ${close}`);
  fs.writeFileSync(DOCUMENT, `${old.slice(0, from + open.length)}\n\n${text}\n\n${old.slice(to)}`);
  const file = path.join(root, 'bench', 'results', `${name}.json`);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, `${JSON.stringify(figures, null, 2)}\n`);
}

/** The sources that were measured: the commit, and whether something was changed since. */
export async function sources() {
  const commit = (await ask('git', ['rev-parse', '--short', 'HEAD'])) ?? 'unknown';
  const parts = ['protocol', 'device', 'hub/src', 'src', 'npm', 'fuzz/src', 'tests/simulation'];
  const changed = await ask('git', ['status', '--porcelain', '--', ...parts]);
  return changed ? `${commit} and changes` : commit;
}
