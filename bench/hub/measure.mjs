/**
 * The hub's bench: start, throughput, CPU, memory, connects, readers of the events; `iothub-local` beside
 * mosquitto and the floor, in turns. Called by `npm run bench -- hub`.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startHub } from '../../tests/hub-process.mjs';
import { takeTurns } from '../lib/turns.mjs';
import { mosquittoCommand, startFloor, startMosquitto, startOurs } from './contenders.mjs';
import { at, measureOnce, withReaders } from './load.mjs';

/** How the load looks; the first two are what the targets speak of. */
export const SHAPES = {
  one: { title: '1 link, window 64', links: 1, window: 64, frames: [] },
  fifty: { title: '50 links, window 32', links: 50, window: 32, frames: [] },
  oneFramed: {
    title: '1 link, window 64, a frame a packet',
    links: 1,
    window: 64,
    frames: ['--frame-per-packet'],
  },
  fiftyFramed: {
    title: '50 links, window 32, a frame a packet',
    links: 50,
    window: 32,
    frames: ['--frame-per-packet'],
  },
};

const DEVICES = 1000;
const MANY_DEVICES = 10_000;

/** @typedef {{ hub: string, load: string, rounds: number, messages: number }} Setting */
/** @typedef {Awaited<ReturnType<typeof measureHub>>} HubFigures */

/** @param {Setting} setting */
export async function measureHub(setting) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'iothub-bench-'));
  try {
    const seed = path.join(folder, 'seed.json');
    await measureOnce(setting.load, ['seed', '--devices', String(DEVICES), '--out', seed]);
    return {
      start: await measureStart(setting, folder),
      ...(await measureLoad(setting, folder, seed)),
      idle: await measureIdle(setting, folder, seed),
    };
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {Setting} setting @param {string} folder */
async function measureStart({ hub, load, rounds }, folder) {
  const data = path.join(folder, 'many.sqlite');
  const seed = path.join(folder, 'many.json');
  await measureOnce(load, ['seed', '--devices', String(MANY_DEVICES), '--out', seed]);
  await (await startHub({ binary: hub, args: ['--seed', seed, '--data', data] })).stop();
  const ours = [hub, '--port', '0', '--json'];
  /** @type {Record<string, () => Promise<string[]>>} */
  const contenders = {
    hub: async () => ['--', ...ours],
    hubWithFile: async () => ['--', ...ours, '--data', data],
    mosquitto: async () => {
      const { command, port } = await mosquittoCommand(folder);
      return ['--address', `127.0.0.1:${port}`, '--', ...command];
    },
    floor: async () => ['--', load, 'floor'],
  };
  const measure = async (/** @type {() => Promise<string[]>} */ args) =>
    measureOnce(load, ['start', ...(await args())]);
  return takeTurns({ title: 'start', rounds, contenders, measure });
}

/** @param {Setting} setting @param {string} folder @param {string} seed */
async function measureLoad(setting, folder, seed) {
  const contenders = {
    hub: await startOurs(setting.hub, seed),
    mosquitto: await startMosquitto(folder),
    floor: await startFloor(setting.load),
  };
  try {
    /** @type {Record<string, Record<string, Record<string, number>>>} */
    const telemetry = {};
    for (const [name, shape] of Object.entries(SHAPES)) {
      const args = ['telemetry', '--messages', String(setting.messages), ...shapeArgs(shape)];
      telemetry[name] = await takeTurns({
        title: shape.title,
        rounds: setting.rounds,
        contenders,
        measure: (contender) => measureOnce(setting.load, [...args, ...at(contender)]),
      });
    }
    const connects = await takeTurns({
      title: 'connects',
      rounds: setting.rounds,
      contenders,
      measure: (contender) => measureOnce(setting.load, ['connects', '--count', '3200', ...at(contender)]),
    });
    return { telemetry, connects, readers: await measureReaders(setting, contenders.hub) };
  } finally {
    for (const contender of Object.values(contenders)) await contender.stop();
  }
}

/** @param {(typeof SHAPES)['one'] | (typeof SHAPES)['oneFramed']} shape */
function shapeArgs({ links, window, frames }) {
  return ['--links', String(links), '--window', String(window), ...frames];
}

/** @param {Setting} setting @param {import('./contenders.mjs').Contender} hub */
function measureReaders({ load, rounds, messages }, hub) {
  const args = ['telemetry', '--messages', String(messages), ...shapeArgs(SHAPES.fifty), ...at(hub)];
  return takeTurns({
    title: 'with readers of the events',
    rounds,
    contenders: { none: { slow: 0, fast: 0 }, slow: { slow: 1, fast: 0 }, both: { slow: 1, fast: 1 } },
    measure: (readers) =>
      withReaders(load, hub, readers, async () => {
        // Until the buffers on the way to a reader that never reads are full, it costs like one that does.
        await measureOnce(load, args);
        return measureOnce(load, args);
      }),
  });
}

/** Fresh processes each time, for memory is not given back. */
function measureIdle(
  /** @type {Setting} */ { hub, load, rounds },
  /** @type {string} */ folder,
  /** @type {string} */ seed,
) {
  /** @type {Record<string, () => Promise<import('./contenders.mjs').Contender>>} */
  const contenders = {
    hub: () => startOurs(hub, seed),
    mosquitto: () => startMosquitto(folder),
    floor: () => startFloor(load),
  };
  return takeTurns({
    title: 'idle links',
    rounds,
    contenders,
    measure: async (start) => {
      const contender = await start();
      try {
        return await measureOnce(load, ['idle', '--links', String(DEVICES), ...at(contender)]);
      } finally {
        await contender.stop();
      }
    },
  });
}
