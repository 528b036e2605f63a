/**
 * `npm run bench -- hub client`: builds what is measured, runs the named benches (all without a name), writes
 * their tables into `docs/bench.md` and their figures into `bench/results/`. `--rounds 5`, `--messages 100000`.
 */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { mosquittoVersion } from '../../bench/hub/contenders.mjs';
import { measureHub } from '../../bench/hub/measure.mjs';
import { hubTables } from '../../bench/hub/tables.mjs';
import { conditions, machine, publish } from '../../bench/lib/report.mjs';
import { buildReleaseHub } from '../lib/artifacts.mjs';
import { Failure, runMain } from '../lib/failure.mjs';
import { releaseHub, targetDir } from '../lib/paths.mjs';
import { ask, run } from '../lib/run.mjs';
import { ensureToolchain } from '../lib/rust.mjs';
import { runSteps } from '../lib/steps.mjs';

/** @typedef {{ rounds: number, messages: number }} Size */

/** @type {Record<string, (size: Size) => import('../lib/steps.mjs').Step[]>} */
const BENCHES = { hub: hubSteps };

/** Entry of `pkg-scripts/bench`. */
export const main = () =>
  runMain(async () => {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { rounds: { type: 'string' }, messages: { type: 'string' } },
    });
    const unknown = positionals.filter((name) => !(name in BENCHES));
    if (unknown.length > 0) {
      throw new Failure(`there is no bench ${unknown.join(', ')}`, {
        cure: `name some of ${Object.keys(BENCHES).join(', ')}, or none for all`,
      });
    }
    const size = { rounds: whole(values.rounds ?? '5'), messages: whole(values.messages ?? '100000') };
    const names = positionals.length > 0 ? positionals : Object.keys(BENCHES);
    await runSteps(names.flatMap((name) => BENCHES[name](size)));
  });

/** @param {string} text */
function whole(text) {
  const number = Number(text);
  if (Number.isInteger(number) && number > 0) return number;
  throw new Failure(`"${text}" is no number of rounds or messages`, { cure: 'give a whole number above 0' });
}

/** @param {Size} size @returns {import('../lib/steps.mjs').Step[]} */
function hubSteps({ rounds, messages }) {
  const load = path.join(targetDir, 'release', 'iothub-bench');
  return [
    { title: 'Rust toolchain', body: ensureToolchain },
    { title: 'hub, release', body: buildReleaseHub },
    {
      title: 'load, release',
      body: () => run('cargo', ['build', '--release', '-p', 'iothub-bench']).then(() => load),
    },
    {
      title: 'the hub, mosquitto and the floor',
      body: async () => {
        const before = machine();
        const figures = await measureHub({ hub: releaseHub, load, rounds, messages });
        const versions = {
          'iothub-local': (await ask(releaseHub, ['--version']))?.split(' ').at(-1) ?? 'unknown',
          mosquitto: (await mosquittoVersion()) ?? 'unknown',
        };
        const text = `${conditions(before, versions)} ${hubTables(figures, rounds, messages)}`;
        publish('hub', text, { machine: before, versions, rounds, messages, figures });
      },
    },
  ];
}
