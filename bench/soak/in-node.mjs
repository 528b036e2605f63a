/**
 * One client of the soak in a process of its own; prints one JSON line. Started by `measure.mjs`:
 * `node in-node.mjs NAME PACE`, the device's connection string in IOTHUB_DEVICE.
 */
import { wireOf } from '../client/wire.mjs';
import { mqttJs, ours } from './clients.mjs';
import { sendNumbered } from './send.mjs';

const [name, pace] = process.argv.slice(2);
const wire = wireOf(process.env.IOTHUB_DEVICE ?? '');
const sender = name === 'ours' ? await openOurs() : await openMqttJs();
const result = await sendNumbered(sender.send, JSON.parse(pace));
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));

async function openOurs() {
  const { WebSocket } = await import('ws');
  const { DeviceClient } = await import('../../pkg/node.js');
  return ours(DeviceClient, wire, { WebSocket });
}

async function openMqttJs() {
  const { tool } = await import('../../tests/runtimes/workerd.mjs');
  return mqttJs(await tool('mqtt'), wire);
}
