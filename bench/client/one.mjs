/**
 * One client, one way of sending, in a process of its own; prints one JSON line. Started by `node.mjs`:
 * `node one.mjs NAME WAY COUNT`, the device's connection string in IOTHUB_DEVICE.
 */
import { CLIENTS } from './clients.mjs';
import { measure } from './drive.mjs';
import { wireOf } from './wire.mjs';

const [name, way, countText] = process.argv.slice(2);
const count = Number(countText);

const started = performance.now();
const client = await CLIENTS[name](wireOf(process.env.IOTHUB_DEVICE ?? ''));
const connectMs = performance.now() - started;
let before = process.cpuUsage();
let peakMb = Number.NaN;
const figures = await measure(client, way, count, () => {
  peakMb = process.resourceUsage().maxRSS / 1024;
  before = process.cpuUsage();
});
const { user, system } = process.cpuUsage(before);
const result = {
  ...figures,
  cpuPer100k: ((user + system) / 1e6) * (100_000 / count),
  peakMb,
  connectMs,
};
await client.close();
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
