/**
 * The steps of `npm run bench -- soak`: what it needs built, the eight runs, and their section of `docs/proof.md`.
 */
import fs from 'node:fs';
import path from 'node:path';
import { conditions, machine } from '../../bench/lib/report.mjs';
import { measureSoak, soakTable } from '../../bench/soak/measure.mjs';
import { buildReleaseHub } from './artifacts.mjs';
import { ensureTestTools } from './npm-packages.mjs';
import { releaseHub, root } from './paths.mjs';
import { publishProof, sources } from './proof.mjs';
import { setUpForBuild } from './set-up.mjs';
import { buildPackage } from './wasm-package.mjs';

const PER_SECOND = 2_500;
const SEED = 4;

/** @param {{ messages: number, built: boolean }} size @returns {import('./steps.mjs').Step[]} */
export function soakSteps({ messages, built }) {
  const builds = [
    ...setUpForBuild(),
    { title: 'MQTT.js', body: () => ensureTestTools() },
    { title: 'package', body: buildPackage },
    { title: 'hub, release', body: buildReleaseHub },
  ];
  return [
    ...(built ? [] : builds),
    {
      title: `${messages} messages through a bad network, eight times`,
      body: async () => {
        const [before, commit] = [machine(), await sources()];
        const setting = { hub: releaseHub, messages, perSecond: PER_SECOND, seed: SEED };
        const rows = [
          ...(await measureSoak({ ...setting, kinds: 'cuts' })),
          ...(await measureSoak({ ...setting, kinds: 'all' })),
        ];
        const chromium = rows.find(({ version }) => version)?.version ?? 'unknown';
        const versions = { Chromium: chromium, 'MQTT.js': versionOfMqttJs() };
        const text = `${conditions(before, versions)} Commit ${commit}, seed ${SEED}.\n\n${soakTable(rows)}`;
        publishProof('soak', text, { ...before, commit, versions, perSecond: PER_SECOND, seed: SEED, rows });
      },
    },
  ];
}

/** @returns {string} */
function versionOfMqttJs() {
  const file = path.join(root, 'tests', 'tools', 'node_modules', 'mqtt', 'package.json');
  return JSON.parse(fs.readFileSync(file, 'utf8')).version;
}
