/**
 * The arrows of the architecture, held by a test: the pure crates name no I/O and no JavaScript,
 * and nobody reaches past a neighbour. Reads `cargo tree` of the native target; called by `test`.
 */

import { Failure } from './failure.mjs';
import { run } from './run.mjs';

const IO = ['tokio', 'mio', 'axum', 'hyper', 'socket2', 'rustls', 'rusqlite', 'tracing-subscriber'];
const JAVASCRIPT = [
  'wasm-bindgen',
  'web-sys',
  'js-sys',
  'gloo-timers',
  'serde-wasm-bindgen',
  'wasm-bindgen-futures',
];
const CHANCE = ['rand', 'getrandom'];

/** What each crate may never have below it, outside dev-dependencies. */
const FORBIDDEN = {
  'iothub-protocol': [...IO, ...JAVASCRIPT, ...CHANCE, 'iothub-device', 'iothub-hub'],
  'iothub-device': [...IO, ...JAVASCRIPT, ...CHANCE, 'iothub-hub'],
  'iothub-hub': [...IO, ...JAVASCRIPT, ...CHANCE, 'iothub-device'],
  'iothub-local': [...JAVASCRIPT, 'iothub-device'],
  'iothub-wasm': [...IO, 'iothub-hub'],
  'iothub-hub-wasm': [...IO, 'iothub-device'],
};

/** @returns {Promise<string>} a note; throws with the path of each forbidden dependency */
export async function checkArrows() {
  const broken = [];
  for (const [crate, forbidden] of Object.entries(FORBIDDEN)) {
    const below = await dependenciesOf(crate);
    for (const name of forbidden) if (below.has(name)) broken.push(await pathTo(crate, name));
  }
  if (broken.length === 0) return `${Object.keys(FORBIDDEN).length} crates keep to their arrows`;
  throw new Failure('a crate reaches past its arrow', {
    evidence: broken.join('\n'),
    cure: 'move the code to the crate that may have the dependency (ARCHITECTURE.md), or make it a dev-dependency',
  });
}

/** @param {string} crate */
async function dependenciesOf(crate) {
  const { output } = await tree(crate, ['--prefix', 'none', '--format', '{p}']);
  const names = output.split('\n').map((line) => line.split(' ')[0]);
  return new Set(names.filter((name) => name !== '' && name !== crate));
}

/** @param {string} crate @param {string} dependency */
async function pathTo(crate, dependency) {
  const { output } = await tree(crate, ['--invert', dependency]);
  return `${crate} → ${dependency}:\n${output.trimEnd()}`;
}

/** @param {string} crate @param {string[]} args */
function tree(crate, args) {
  return run('cargo', ['tree', '-p', crate, '--edges', 'normal', ...args]);
}
