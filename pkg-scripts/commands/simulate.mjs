/**
 * `pkg-scripts/simulate --schedules 1000000 --seed 0 --threads 2`: plays random schedules, says how far it is, and
 * writes what it saw into `docs/proof.md` when there were a million of them or `--publish` asks for it.
 */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { machine } from '../../bench/lib/report.mjs';
import { Failure, runMain } from '../lib/failure.mjs';
import { root, targetDir } from '../lib/paths.mjs';
import { publishProof, sources } from '../lib/proof.mjs';
import { run } from '../lib/run.mjs';
import { ensureToolchain } from '../lib/rust.mjs';
import { runSteps } from '../lib/steps.mjs';

/** So many are worth a line in the report. */
const MANY = 1_000_000;

/** Entry of `pkg-scripts/simulate`. */
export const main = () =>
  runMain(async () => {
    const { values } = parseArgs({
      options: {
        schedules: { type: 'string', default: '10000' },
        seed: { type: 'string', default: '0' },
        threads: { type: 'string' },
        publish: { type: 'boolean', default: false },
      },
    });
    const args = ['--schedules', values.schedules, '--seed', values.seed];
    if (values.threads) args.push('--threads', values.threads);
    await runSteps([
      { title: 'Rust toolchain', body: ensureToolchain },
      {
        title: 'the simulation, release',
        body: async () => {
          await run('cargo', ['build', '--release', '-p', 'iothub-simulation', '--bin', 'simulate']);
        },
      },
      {
        title: `${values.schedules} schedules`,
        body: () => play(args, values.publish || Number(values.schedules) >= MANY),
      },
    ]);
  });

/** @param {string[]} args @param {boolean} publish */
async function play(args, publish) {
  const [before, commit] = [machine(), await sources()];
  const { code, output } = await stream(path.join(targetDir, 'release', 'simulate'), args);
  if (code !== 0) {
    throw new Failure('a rule was broken', {
      evidence: output,
      cure: 'the seed is in the trace above: pkg-scripts/simulate --schedules 1 --seed SEED',
    });
  }
  const [first, tally] = output.trim().split('\n');
  if (publish) {
    const when = `${before.date.slice(0, 16).replace('T', ' ')} UTC, ${before.cpu}, commit ${commit}`;
    publishProof('simulation', `${when}: ${first}.\n\n${tally}.`, { ...before, commit, args, first, tally });
  }
  return first;
}

/**
 * Its progress goes to our own terminal; what it prints in the end comes back.
 * @param {string} command
 * @param {string[]} args
 * @returns {Promise<{ code: number, output: string }>}
 */
function stream(command, args) {
  const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    output += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}
