/** Drives one client one way, and times it. For Node and for pages. */
import { WINDOWS } from './contenders.mjs';

/** Sent beforehand, so that what is measured is compiled and has its buffers. */
const WARM_UP = 2_000;

/**
 * All at once is done twice: the first time is cold, and its rate is kept beside the other.
 * @param {import('./contenders.mjs').Client} client
 * @param {string} way `all`, `window`, `single`
 * @param {number} count
 * @param {() => unknown} [warm] called between the warm-up and what is measured
 */
export async function measure(client, way, count, warm = () => {}) {
  const window = WINDOWS[way];
  await drive(client, Math.min(count, WARM_UP), Math.min(window, 64));
  const first = way === 'all' ? await timed(client, count, window) : undefined;
  await warm();
  const { perSecond, trips } = await timed(client, count, window);
  trips.sort((a, b) => a - b);
  const at = (/** @type {number} */ share) => trips[Math.floor(trips.length * share)] ?? Number.NaN;
  return { perSecond, firstPerSecond: first?.perSecond ?? Number.NaN, p50Ms: at(0.5), p99Ms: at(0.99) };
}

/** @param {import('./contenders.mjs').Client} client @param {number} count @param {number} window */
async function timed(client, count, window) {
  const begun = performance.now();
  const trips = await drive(client, count, window);
  return { perSecond: count / ((performance.now() - begun) / 1000), trips };
}

/**
 * @param {import('./contenders.mjs').Client} client
 * @param {number} messages
 * @param {number} window
 * @returns {Promise<number[]>} milliseconds of each, when sent one at a time
 */
async function drive(client, messages, window) {
  if (window === 1) return oneAtATime(client, messages);
  const { run, send } = client;
  if (run) await run(messages, window);
  else if (send && window >= messages) await Promise.all(Array.from({ length: messages }, () => send()));
  else if (send)
    await Promise.all(Array.from({ length: window }, (_, at) => lane(send, messages, window, at)));
  return [];
}

/** @param {import('./contenders.mjs').Client} client @param {number} messages */
async function oneAtATime(client, messages) {
  const trips = [];
  for (let sent = 0; sent < messages; sent += 1) {
    const at = performance.now();
    await (client.send ? client.send() : client.run?.(1, 1));
    trips.push(performance.now() - at);
  }
  return trips;
}

/**
 * One of the window's places: the next message when the last is acknowledged.
 * @param {() => Promise<unknown>} send
 * @param {number} messages
 * @param {number} window
 * @param {number} first
 */
async function lane(send, messages, window, first) {
  for (let sent = first; sent < messages; sent += window) await send();
}
