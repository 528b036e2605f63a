/**
 * `npm run bench -- hub client functions soak half-open`: builds what is measured, runs the named benches (all without a
 * name), writes their tables into `docs/bench.md` (those of `soak` and `half-open` into `docs/proof.md`) and their figures into
 * `bench/results/`. `--rounds 5`,
 * `--messages 100000`; `--built` measures what is built already.
 */
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { measureClient } from '../../bench/client/measure.mjs';
import { clientTables } from '../../bench/client/tables.mjs';
import { functionTable, measureFunctions } from '../../bench/functions/measure.mjs';
import { mosquittoVersion } from '../../bench/hub/contenders.mjs';
import { measureHub } from '../../bench/hub/measure.mjs';
import { hubTables } from '../../bench/hub/tables.mjs';
import { conditions, machine, publish } from '../../bench/lib/report.mjs';
import { buildReleaseHub } from '../lib/artifacts.mjs';
import { weighDownload } from '../lib/download.mjs';
import { Failure, runMain } from '../lib/failure.mjs';
import { halfOpenSteps } from '../lib/half-open.mjs';
import { ensureTestTools } from '../lib/npm-packages.mjs';
import { releaseHub, root, targetDir } from '../lib/paths.mjs';
import { ask, run } from '../lib/run.mjs';
import { ensureToolchain } from '../lib/rust.mjs';
import { setUpForBuild } from '../lib/set-up.mjs';
import { soakSteps } from '../lib/soak.mjs';
import { runSteps } from '../lib/steps.mjs';
import { buildPackage } from '../lib/wasm-package.mjs';

/** @typedef {{ rounds: number, messages: number, built: boolean }} Size */

/** @type {Record<string, (size: Size) => import('../lib/steps.mjs').Step[]>} */
const BENCHES = {
  hub: hubSteps,
  client: clientSteps,
  functions: functionSteps,
  soak: soakSteps,
  'half-open': halfOpenSteps,
};

/** Entry of `pkg-scripts/bench`. */
export const main = () =>
  runMain(async () => {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { rounds: { type: 'string' }, messages: { type: 'string' }, built: { type: 'boolean' } },
    });
    const unknown = positionals.filter((name) => !(name in BENCHES));
    if (unknown.length > 0) {
      throw new Failure(`there is no bench ${unknown.join(', ')}`, {
        cure: `name some of ${Object.keys(BENCHES).join(', ')}, or none for all`,
      });
    }
    const size = {
      rounds: whole(values.rounds ?? '5'),
      messages: whole(values.messages ?? '100000'),
      built: values.built ?? false,
    };
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

/** @param {Size} size @returns {import('../lib/steps.mjs').Step[]} */
function clientSteps({ rounds, messages, built }) {
  const builds = [
    ...setUpForBuild(),
    { title: 'package', body: buildPackage },
    { title: 'hub, release', body: buildReleaseHub },
  ];
  return [
    ...(built ? [] : builds),
    { title: 'runtimes, bundlers and peers', body: ensureTestTools },
    {
      title: 'the client, its peers and the floor',
      body: async () => {
        const before = machine();
        const count = Math.min(messages, 20_000);
        const weights = (await weighDownload()).rows;
        const figures = await measureClient({ hub: releaseHub, rounds, messages: count });
        const versions = {
          Chromium: figures.chromiumVersion,
          'MQTT.js': versionOf('mqtt'),
          'paho-mqtt': versionOf('paho-mqtt'),
          ws: versionOf('ws'),
        };
        const text = `${conditions(before, versions)} ${clientTables(figures, weights, rounds, count)}`;
        publish('client', text, { machine: before, versions, rounds, messages: count, figures, weights });
      },
    },
  ];
}

/** @returns {import('../lib/steps.mjs').Step[]} */
function functionSteps() {
  return [
    { title: 'Rust toolchain', body: ensureToolchain },
    {
      title: 'the hot functions',
      body: async () => {
        const before = machine();
        const figures = await measureFunctions();
        const text = `${conditions(before, {})} ${functionTable(figures)}`;
        publish('functions', text, { machine: before, figures });
      },
    },
  ];
}

/** @param {string} name of a package that `tests/tools` has @returns {string} */
function versionOf(name) {
  const file = path.join(root, 'tests/tools/node_modules', name, 'package.json');
  return JSON.parse(fs.readFileSync(file, 'utf8')).version;
}
