/**
 * The client's bench in Node: ours beside its peers and the floor, all against one release hub, each turn in a
 * process of its own. Called by `npm run bench -- client`.
 */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startHub } from '../../tests/hub-process.mjs';
import { shown, table, targetTable } from '../lib/report.mjs';
import { takeTurns } from '../lib/turns.mjs';
import { CLIENTS } from './clients.mjs';

const ONE = path.join(path.dirname(fileURLToPath(import.meta.url)), 'one.mjs');
const DEADLINE_MS = 180_000;
const SINGLE_SHARE = 20;

/** @typedef {Record<'all' | 'window' | 'single', Record<string, Record<string, number>>>} ClientFigures */

/**
 * @param {{ hub: string, rounds: number, messages: number }} setting
 * @returns {Promise<ClientFigures>}
 */
export async function measureClient({ hub: binary, rounds, messages }) {
  process.env.IOTHUB_LOCAL_LOG = 'error';
  const hub = await startHub({ binary });
  const env = { ...process.env, IOTHUB_DEVICE: hub.ready.devices[0].connectionString };
  const contenders = Object.fromEntries(Object.keys(CLIENTS).map((name) => [name, name]));
  const way = (/** @type {string} */ name, /** @type {number} */ count) =>
    takeTurns({
      title: `client, ${name}`,
      rounds,
      contenders,
      measure: async (client) => {
        const args = [ONE, client, name, String(count)];
        const { stdout } = await promisify(execFile)(process.execPath, args, { env, timeout: DEADLINE_MS });
        return JSON.parse(stdout);
      },
    });
  try {
    return {
      all: await way('all', messages),
      window: await way('window', messages),
      single: await way('single', Math.ceil(messages / SINGLE_SHARE)),
    };
  } finally {
    await hub.stop();
  }
}

/** @param {ClientFigures} figures @param {number} rounds @param {number} messages */
export function clientTables({ all, window, single }, rounds, messages) {
  const rows = Object.entries(CLIENTS).map(([name, { title }]) => [
    title,
    shown(all[name].perSecond),
    shown(window[name].perSecond),
    shown(all[name].cpuPer100k),
    shown(all[name].peakMb),
    shown(single[name].p50Ms),
    shown(single[name].p99Ms),
    shown(single[name].connectMs),
  ]);
  const heads = ['In Node', 'all at once, msg/s', 'window of 64, msg/s', 'CPU s per 100,000', 'peak MB'];
  const times = ['one at a time p50, ms', 'p99, ms', 'load and connect, ms'];
  return [
    `Medians of ${rounds} rounds in turns; ${messages.toLocaleString('en-US')} messages of 256 bytes with three properties, QoS 1, to a release hub; CPU and peak of the client's process, all at once.`,
    table([...heads, ...times], rows),
    targetTable(targets({ all, window, single })),
  ].join('\n\n');
}

/** @param {ClientFigures} figures */
function targets({ all, window, single }) {
  const ratio = (/** @type {Record<string, Record<string, number>>} */ way, /** @type {string} */ peer) =>
    way.ours.perSecond / way[peer].perSecond;
  const least = (/** @type {string} */ what, /** @type {number} */ limit, /** @type {number} */ seen) => ({
    what,
    target: `≥ ${limit}×`,
    seen: `${shown(seen)}×`,
    met: seen >= limit,
  });
  const most = (
    /** @type {string} */ what,
    /** @type {number} */ limit,
    /** @type {number} */ seen,
    /** @type {string} */ unit,
  ) => ({ what, target: `≤ ${limit}${unit}`, seen: `${shown(seen)}${unit}`, met: seen <= limit });
  return [
    least('all at once, of the floor', 0.6, ratio(all, 'floor')),
    least('all at once, of MQTT.js', 15, ratio(all, 'mqttjs')),
    least('window of 64, of MQTT.js', 8, ratio(window, 'mqttjs')),
    most('CPU per 100,000, all at once', 1, all.ours.cpuPer100k, ' s'),
    most('peak memory, all at once', 75, all.ours.peakMb, ' MB'),
    most('one at a time, p50, of the raw round trip', 1.15, single.ours.p50Ms / single.frames.p50Ms, '×'),
  ];
}
