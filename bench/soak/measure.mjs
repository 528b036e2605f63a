/**
 * The soak: numbered messages through a bad network, in Node and in Chromium, ours beside MQTT.js. One client at a
 * time, each with a hub and a network of its own and the same seed. Called by `npm run bench -- soak`; a short one
 * is in `tests/soak/`.
 */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startHub } from '../../tests/hub-process.mjs';
import { wireOf } from '../client/wire.mjs';
import { shown, table } from '../lib/report.mjs';
import { inChromium } from './in-chromium.mjs';
import { BadNetwork } from './proxy.mjs';
import { OPEN, REJECTED } from './send.mjs';

const IN_NODE = path.join(path.dirname(fileURLToPath(import.meta.url)), 'in-node.mjs');
/** Longer than the longest wait of any client, and than a half-open link lives. */
const SETTLE_MS = 180_000;
const MEGABYTE = 1 << 20;
const NAMES = { ours: 'iothub-wasm', mqttjs: 'MQTT.js' };

/** @typedef {{ count: number, perSecond: number, settleMs: number }} Pace */
/** @typedef {'node' | 'chromium'} Where */
/** @typedef {Awaited<ReturnType<typeof soakOne>>} Row */

/**
 * @param {{ hub?: string, messages: number, perSecond: number, seed: number, clients?: ('ours' | 'mqttjs')[], where?: Where[], kinds?: 'all' | 'cuts' }} setting
 */
export async function measureSoak({ hub, messages, perSecond, seed, clients, where, kinds = 'all' }) {
  const pace = { count: messages, perSecond, settleMs: SETTLE_MS };
  const rows = [];
  for (const place of where ?? /** @type {Where[]} */ (['node', 'chromium'])) {
    for (const client of clients ?? /** @type {const} */ (['ours', 'mqttjs'])) {
      rows.push(await soakOne({ hub, client, place, pace, seed, kinds }));
    }
  }
  return rows;
}

/**
 * @param {{ hub?: string, client: 'ours' | 'mqttjs', place: Where, pace: Pace, seed: number, kinds: 'all' | 'cuts' }} setting
 */
async function soakOne({ hub: binary, client, place, pace, seed, kinds }) {
  process.env.IOTHUB_LOCAL_LOG ??= 'error';
  const hub = await startHub(binary ? { binary } : {});
  const network = await BadNetwork.open(Number(new URL(hub.ready.http).port), seed, kinds);
  try {
    const device = hub.ready.devices[0].connectionString.replace(/Port=\d+/, `Port=${network.port}`);
    const run =
      place === 'node' ? await inNode(client, device, pace) : await inChromium(client, wireOf(device), pace);
    return { client, place, kinds, ...weigh(run.outcomes, network.books), ...network.troubles, ...rest(run) };
  } finally {
    await network.close();
    await hub.stop();
  }
}

/** @param {{ errors: Record<string, number>, waits: number[], seconds: number, version?: string }} run */
function rest({ errors, waits, seconds, version }) {
  const sorted = waits.toSorted((a, b) => a - b);
  const share = (/** @type {number} */ part) => sorted[Math.floor((sorted.length - 1) * part)] ?? Number.NaN;
  return { errors, p50: share(0.5), p99: share(0.99), seconds, version };
}

/** @param {string} client @param {string} device @param {Pace} pace */
async function inNode(client, device, pace) {
  const env = { ...process.env, IOTHUB_DEVICE: device };
  const timeout = Math.ceil((pace.count / pace.perSecond) * 2_000) + pace.settleMs + 60_000;
  const { stdout } = await promisify(execFile)(process.execPath, [IN_NODE, client, JSON.stringify(pace)], {
    env,
    timeout,
    maxBuffer: 64 * MEGABYTE,
  });
  return JSON.parse(stdout);
}

/**
 * Promises on one side, the network's books on the other.
 * @param {string} outcomes one sign a message
 * @param {import('./proxy.mjs').Books} books
 */
export function weigh(outcomes, books) {
  let [rejected, unsettled, lost] = [0, 0, 0];
  for (let number = 0; number < outcomes.length; number++) {
    const outcome = outcomes[number];
    if (outcome === REJECTED) rejected += 1;
    else if (outcome === OPEN) unsettled += 1;
    else if (!books.acknowledged.has(number)) lost += 1;
  }
  const { copies, unmarked, duplicated } = books;
  return { messages: outcomes.length, rejected, unsettled, lost, duplicated, copies, unmarked };
}

/** @param {Row[]} rows */
export function soakTable(rows) {
  return table(
    [
      'Client',
      'network',
      'sent',
      'acknowledged after, ms (p50, p99)',
      'lost',
      'rejected',
      'unsettled',
      'twice at the hub',
      'copies',
      'without DUP',
      'cuts, stalls, half-open',
      's',
    ],
    rows.map((row) => [
      `${NAMES[row.client]} in ${row.place === 'node' ? 'Node' : 'Chromium'}`,
      row.kinds === 'all' ? 'cuts, stalls, half-open' : 'cuts',
      shown(row.messages),
      `${shown(row.p50)}, ${shown(row.p99)}`,
      ...[row.lost, row.rejected, row.unsettled, row.duplicated, row.copies, row.unmarked].map(shown),
      `${row.cut}, ${row.stall}, ${row.halfOpen}`,
      shown(row.seconds),
    ]),
  );
}
