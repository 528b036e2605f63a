/**
 * The hot functions in native code, measured by criterion: runs its benches and reads what they left. Called by
 * `npm run bench -- functions`.
 */
import fs from 'node:fs';
import path from 'node:path';
import { targetDir } from '../../pkg-scripts/lib/paths.mjs';
import { run } from '../../pkg-scripts/lib/run.mjs';
import { shown, table } from '../lib/report.mjs';

/** @typedef {{ name: string, nanoseconds: number, low: number, high: number }} FunctionFigure */

const RESULTS = path.join(targetDir, 'criterion');

/** @returns {Promise<FunctionFigure[]>} */
export async function measureFunctions() {
  // Results of functions that are not there any more would be reported as well.
  fs.rmSync(RESULTS, { recursive: true, force: true });
  await run('cargo', ['bench', '-p', 'iothub-bench-functions']);
  return fs
    .readdirSync(RESULTS, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith(path.join('new', 'estimates.json')))
    .map((file) => figureOf(path.join(RESULTS, path.dirname(file))))
    .sort((a, b) => a.name.localeCompare(b.name, 'en'));
}

/** @param {string} folder @returns {FunctionFigure} */
function figureOf(folder) {
  const read = (/** @type {string} */ name) =>
    JSON.parse(fs.readFileSync(path.join(folder, `${name}.json`), 'utf8'));
  const { median } = read('estimates');
  const { lower_bound: low, upper_bound: high } = median.confidence_interval;
  return { name: read('benchmark').full_id, nanoseconds: median.point_estimate, low, high };
}

/** @param {FunctionFigure[]} figures */
export function functionTable(figures) {
  const rows = figures.map(({ name, nanoseconds, low, high }) => [
    name.replace('/', ': '),
    shown(nanoseconds),
    `${shown(low)} – ${shown(high)}`,
  ]);
  return `Medians of criterion, native code, one thread.\n\n${table(['Function', 'ns', '95 %'], rows)}`;
}
