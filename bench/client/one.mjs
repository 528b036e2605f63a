/**
 * One client, one way of sending, in a process of its own; prints one JSON line. Started by `measure.mjs`:
 * `node one.mjs NAME WAY COUNT`, the device's connection string in IOTHUB_DEVICE.
 */
import { CLIENTS } from './clients.mjs';
import { wireOf } from './wire.mjs';

const [name, way, countText] = process.argv.slice(2);
const count = Number(countText);
const WINDOWS = /** @type {Record<string, number>} */ ({ all: count, window: 64, single: 1 });

const started = performance.now();
const client = await CLIENTS[name].open(wireOf(process.env.IOTHUB_DEVICE ?? ''));
const connected = performance.now();

await drive(Math.min(count, 500), Math.min(WINDOWS[way], 64)); // compiled, and every buffer grown
const before = process.cpuUsage();
const begun = performance.now();
const trips = await drive(count, WINDOWS[way]);
const seconds = (performance.now() - begun) / 1000;
const { user, system } = process.cpuUsage(before);
trips.sort((a, b) => a - b);

const result = {
  perSecond: count / seconds,
  cpuPer100k: ((user + system) / 1e6) * (100_000 / count),
  peakMb: process.resourceUsage().maxRSS / 1024,
  connectMs: connected - started,
  p50Ms: trips[Math.floor(trips.length * 0.5)] ?? 0,
  p99Ms: trips[Math.floor(trips.length * 0.99)] ?? 0,
};
await client.close();
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));

/**
 * @param {number} messages
 * @param {number} window
 * @returns {Promise<number[]>} milliseconds of each, when sent one at a time
 */
async function drive(messages, window) {
  if (window === 1) return oneAtATime(messages);
  const { run, send } = client;
  if (run) await run(messages, window);
  else if (send && window >= messages) await Promise.all(Array.from({ length: messages }, () => send()));
  else if (send)
    await Promise.all(Array.from({ length: window }, (_, lane) => sendLane(send, messages, window, lane)));
  return [];
}

/** @param {number} messages */
async function oneAtATime(messages) {
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
 * @param {number} lane
 */
async function sendLane(send, messages, window, lane) {
  for (let sent = lane; sent < messages; sent += window) await send();
}
