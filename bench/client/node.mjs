/**
 * The client's bench in Node: ours beside its peers and the floor, each turn in a process of its own. Called by
 * `npm run bench -- client`.
 */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { takeTurns } from '../lib/turns.mjs';
import { IN_NODE, WINDOWS } from './contenders.mjs';

const ONE = path.join(path.dirname(fileURLToPath(import.meta.url)), 'one.mjs');
const DEADLINE_MS = 180_000;

/** By way of sending, by client, by figure. @typedef {Record<string, Record<string, Record<string, number>>>} Figures */

/**
 * @param {{ device: string, rounds: number, messages: number }} setting `device` is a connection string
 * @returns {Promise<Figures>}
 */
export async function measureInNode({ device, rounds, messages }) {
  const env = { ...process.env, IOTHUB_DEVICE: device };
  const contenders = Object.fromEntries(IN_NODE.map((name) => [name, name]));
  /** @type {Figures} */
  const figures = {};
  for (const way of Object.keys(WINDOWS)) {
    figures[way] = await takeTurns({
      title: `in Node, ${way}`,
      rounds,
      contenders,
      measure: async (client) => {
        const args = [ONE, client, way, String(messages)];
        const { stdout } = await promisify(execFile)(process.execPath, args, { env, timeout: DEADLINE_MS });
        return JSON.parse(stdout);
      },
    });
  }
  return figures;
}
