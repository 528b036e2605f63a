/**
 * `pkg-scripts/steady --runs 10`: runs `npm test` again and again, every other time beside a busy loop on each core,
 * and writes what came out into `docs/proof.md`. Named suites alone (`pkg-scripts/steady --runs 4 client page`) are
 * told on the terminal only. The whole output of each run stays in `target/steady/`.
 */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { machine, table } from '../../bench/lib/report.mjs';
import { Failure, runMain } from '../lib/failure.mjs';
import { root, shown, targetDir } from '../lib/paths.mjs';
import { publishProof, sources } from '../lib/proof.mjs';
import { failedTests, lastLine } from '../lib/results.mjs';
import { run } from '../lib/run.mjs';
import { runSteps } from '../lib/steps.mjs';

const LOGS = path.join(targetDir, 'steady');
const HOUR = 3_600_000;

/** @typedef {{ number: number, beside: boolean, seconds: number, last: string, failed: string[] }} Row */

/** Entry of `pkg-scripts/steady`. */
export const main = () =>
  runMain(async () => {
    const { values, positionals: suites } = parseArgs({
      options: { runs: { type: 'string', default: '10' } },
      allowPositionals: true,
    });
    const count = Number(values.runs);
    if (!Number.isInteger(count) || count < 1)
      throw new Failure(`--runs ${values.runs} is no number of runs`, { cure: 'for example --runs 10' });
    const [before, commit] = [machine(), await sources()];
    /** @type {Row[]} */
    const rows = [];
    const steps = Array.from({ length: count }, (_, at) => stepOf(at + 1, suites, rows));
    await runSteps(steps);
    const text = report(rows, before, commit);
    if (suites.length === 0) publishProof('steady', text, { ...before, commit, rows });
    else console.log(`\n${text}\n`);
    if (rows.some(({ failed }) => failed.length > 0)) process.exitCode = 1;
  });

/** Every other run is beside busy loops. @param {number} number @param {string[]} suites @param {Row[]} rows */
function stepOf(number, suites, rows) {
  const beside = number % 2 === 0;
  const body = async () => {
    const loops = beside ? busyLoops() : [];
    const started = performance.now();
    try {
      const { code, output } = await run(process.execPath, ['pkg-scripts/test', ...suites], {
        cwd: root,
        deadline: 2 * HOUR,
        allowFailure: true,
      });
      const log = path.join(LOGS, `run-${number}.log`);
      fs.mkdirSync(LOGS, { recursive: true });
      fs.writeFileSync(log, output);
      const failed = failedTests(output);
      if (code !== 0 && failed.length === 0) failed.push(`ended with code ${code}, see ${shown(log)}`);
      const seconds = Math.round((performance.now() - started) / 1000);
      rows.push({ number, beside, seconds, last: lastLine(output), failed });
      return [lastLine(output), ...failed].join('; ');
    } finally {
      for (const loop of loops) loop.kill('SIGKILL');
    }
  };
  return { title: `npm test, run ${number}${beside ? ', beside a busy loop on each core' : ''}`, body };
}

/** One on each core; each ends with us. */
function busyLoops() {
  const forever =
    'process.on("disconnect", () => process.exit()); (function turn() { const end = Date.now() + 100; while (Date.now() < end); setImmediate(turn); })()';
  return os
    .cpus()
    .map(() => spawn(process.execPath, ['-e', forever], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] }));
}

/** @param {Row[]} rows @param {ReturnType<typeof machine>} before @param {string} commit */
function report(rows, before, commit) {
  const when = `${before.date.slice(0, 16).replace('T', ' ')} UTC, ${before.cpu}, commit ${commit}`;
  const failures = rows.filter(({ failed }) => failed.length > 0).length;
  const heads = ['Run', 'beside a busy loop on each core', 's', 'last line', 'failed'];
  const cells = rows.map(({ number, beside, seconds, last, failed }) => [
    String(number),
    beside ? 'yes' : 'no',
    String(seconds),
    last,
    failed.length === 0 ? '–' : failed.join('; '),
  ]);
  return `${when}: ${rows.length} runs, ${failures} with a failure.\n\n${table(heads, cells)}`;
}
