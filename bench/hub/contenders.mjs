/**
 * The servers that the hub's bench puts side by side: `iothub-local`, mosquitto with a WebSocket listener, and
 * the bare server that only counts. Each is a process of ours on a free port, ended by its id.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { aptInstall } from '../../pkg-scripts/lib/apt.mjs';
import { ask } from '../../pkg-scripts/lib/run.mjs';
import { startHub } from '../../tests/hub-process.mjs';

const READY_MS = 15_000;
const MOSQUITTO = ['mosquitto', '/usr/sbin/mosquitto'];

/** @typedef {{ name: string, address: string, pid: number, stop: () => Promise<void> }} Contender */

/**
 * @param {string} binary
 * @param {string} seed file with the load's devices
 * @returns {Promise<Contender>}
 */
export async function startOurs(binary, seed) {
  // The log of a thousand connects is not what is measured; mosquitto's is off, too.
  process.env.IOTHUB_LOCAL_LOG = 'error';
  const hub = await startHub({ binary, args: ['--seed', seed] });
  return { name: 'hub', address: new URL(hub.ready.http).host, pid: hub.pid ?? 0, stop: () => hub.stop() };
}

/** @param {string} load the program of the load @returns {Promise<Contender>} */
export async function startFloor(load) {
  const child = spawn(load, ['floor'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(child.stdout.setEncoding('utf8'), 'data', {
    signal: AbortSignal.timeout(READY_MS),
  });
  return { name: 'floor', address: String(line).trim(), pid: child.pid ?? 0, stop: ending(child) };
}

/** @param {string} folder for its configuration @returns {Promise<Contender>} */
export async function startMosquitto(folder) {
  const { command, port } = await mosquittoCommand(folder);
  const child = spawn(command[0], command.slice(1), { stdio: 'ignore' });
  const address = `127.0.0.1:${port}`;
  await untilItListens(port);
  return { name: 'mosquitto', address, pid: child.pid ?? 0, stop: ending(child) };
}

/**
 * A mosquitto without accounts, files and logs, that lets every window in.
 * @param {string} folder
 */
export async function mosquittoCommand(folder) {
  const port = await freePort();
  const file = path.join(folder, `mosquitto-${port}.conf`);
  const lines = [
    `listener ${port} 127.0.0.1`,
    'protocol websockets',
    'allow_anonymous true',
    'persistence false',
    'log_dest none',
    'max_inflight_messages 0',
    'max_queued_messages 0',
    'set_tcp_nodelay true',
    // mosquitto 2.0.11 does not start with WebSocket listeners alone; the folder of the other one is ours.
    `user ${os.userInfo().username}`,
    `listener 0 ${path.join(folder, `mosquitto-${port}.sock`)}`,
  ];
  fs.writeFileSync(file, `${lines.join('\n')}\n`);
  return { command: [await findMosquitto(), '-c', file], port };
}

async function findMosquitto() {
  if ((await mosquittoVersion()) === null) {
    await aptInstall(['mosquitto'], 'there is no mosquitto to compare with');
  }
  return MOSQUITTO.find((name) => !name.includes('/') || fs.existsSync(name)) ?? 'mosquitto';
}

/** @returns {Promise<string | null>} */
export async function mosquittoVersion() {
  for (const name of MOSQUITTO) {
    // It prints its version with its help, and ends with a code of its own for that.
    const text = await ask('sh', ['-c', `${name} -h; true`]);
    const version = text?.match(/mosquitto version (\S+)/)?.[1];
    if (version) return version;
  }
  return null;
}

/** @param {import('node:child_process').ChildProcess} child */
function ending(child) {
  process.once('exit', () => child.kill('SIGKILL'));
  return async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
}

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((resolve, reject) => {
    const probe = net.createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = /** @type {net.AddressInfo} */ (probe.address());
      probe.close(() => resolve(port));
    });
  });
}

/** @param {number} port */
async function untilItListens(port) {
  const deadline = Date.now() + READY_MS;
  while (!(await takesConnections(port))) {
    if (Date.now() > deadline) throw new Error(`nothing listened on port ${port} within ${READY_MS} ms`);
  }
}

/** @param {number} port @returns {Promise<boolean>} */
function takesConnections(port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1');
    const done = (/** @type {boolean} */ taken) => {
      socket.destroy();
      resolve(taken);
    };
    socket.once('connect', () => done(true)).once('error', () => setTimeout(done, 5, false));
  });
}
