/**
 * Thousands of connections that begin something and never finish it, against a hub: what they cost, for how long,
 * and whether others are served meanwhile. Whatever the hub closes is opened again, so the pressure stays.
 */
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { startHub } from '../../tests/hub-process.mjs';
import { shown, table } from '../lib/report.mjs';

const UPGRADE = [
  'GET /$iothub/websocket HTTP/1.1',
  'host: localhost',
  'connection: Upgrade',
  'upgrade: websocket',
  'sec-websocket-version: 13',
  'sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==',
  'sec-websocket-protocol: mqtt',
  '\r\n',
].join('\r\n');
/** A masked binary frame of 100 bytes whose CONNECT announces 2,000; the mask is zero. */
const HALF_CONNECT = Buffer.concat([
  Buffer.from([0x82, 0x80 | 100, 0, 0, 0, 0, 0x10, 0xd0, 0x0f, 0, 4]),
  Buffer.from('MQTT'),
  Buffer.alloc(91, 0x61),
]);
/** A TLS record of 512 bytes begins; 11 of them come. */
const HALF_HELLO = Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]);

/** @typedef {{ name: string, port: number, begin: (socket: net.Socket) => void }} Kind */

/** @param {import('../../tests/hub-process.mjs').ReadyLine} ready @returns {Kind[]} */
function kindsOf(ready) {
  const port = (/** @type {string | null} */ address) => Number(address?.split(':').at(-1));
  const [http, mqtts] = [port(ready.http), port(ready.mqtts)];
  return [
    {
      name: 'half an HTTP head',
      port: http,
      begin: (socket) => socket.write('GET /local/info HTTP/1.1\r\nho'),
    },
    { name: 'half a TLS ClientHello', port: mqtts, begin: (socket) => socket.write(HALF_HELLO) },
    { name: 'a WebSocket without CONNECT', port: http, begin: (socket) => socket.write(UPGRADE) },
    {
      name: 'half a CONNECT',
      port: http,
      begin: (socket) => {
        socket.write(UPGRADE);
        socket.once('data', () => socket.write(HALF_CONNECT));
      },
    },
  ];
}

/** Keeps connections of one kind half-open until it is told to stop. */
class Crowd {
  /** @type {Set<net.Socket>} */
  #sockets = new Set();
  #stopped = false;
  opened = 0;

  /** @param {Kind} kind @param {number} count */
  constructor(kind, count) {
    this.kind = kind;
    for (let n = 0; n < count; n++) this.#open();
  }

  #open() {
    const socket = net.connect(this.kind.port, '127.0.0.1', () => this.kind.begin(socket));
    this.opened += 1;
    this.#sockets.add(socket);
    // One that is refused or cut is opened again like one that is closed.
    socket.on('error', () => socket.destroy());
    socket.on('data', () => {});
    socket.on('close', () => {
      this.#sockets.delete(socket);
      if (!this.#stopped) setTimeout(() => this.#stopped || this.#open(), 10);
    });
  }

  stop() {
    this.#stopped = true;
    for (const socket of this.#sockets) socket.destroy();
  }
}

/** Resident memory in MB and open sockets of a process, where `/proc` tells. @param {number} pid */
function look(pid) {
  const status = fs.readFileSync(`/proc/${pid}/status`, 'utf8');
  const files = fs.readdirSync(`/proc/${pid}/fd`).map((name) => {
    try {
      return fs.readlinkSync(`/proc/${pid}/fd/${name}`);
    } catch {
      // Closed between the two looks.
      return '';
    }
  });
  const resident = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
  return { resident, sockets: files.filter((file) => file.startsWith('socket:')).length };
}

/** How long a request takes that somebody else makes, in ms. @param {string} http */
async function ask(http) {
  const begun = performance.now();
  const response = await fetch(`${http}/local/info`);
  await response.arrayBuffer();
  if (response.status !== 200) throw new Error(`/local/info answers ${response.status}`);
  return performance.now() - begun;
}

/**
 * @param {{ hub: string, connections: number, seconds: number }} setting
 */
export async function measureHalfOpen({ hub: binary, connections, seconds }) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'half-open-'));
  const args = ['--tls', '--https-port', '0', '--mqtts-port', '0', '--cert-dir', folder];
  const hub = await startHub({ binary, args });
  try {
    const pid = hub.pid ?? 0;
    await ask(hub.ready.http);
    const rows = [{ when: 'before', ...look(pid) }];
    const kinds = kindsOf(hub.ready);
    const crowds = kinds.map((kind) => new Crowd(kind, connections / kinds.length));
    const begun = performance.now();
    /** @type {number[]} */
    const answers = [];
    let most = 0;
    let next = 0;
    while (performance.now() - begun < seconds * 1000) {
      await wait(1000);
      answers.push(await ask(hub.ready.http));
      const seen = look(pid);
      most = Math.max(most, seen.resident);
      const at = Math.round((performance.now() - begun) / 1000);
      if (at >= next + 60 || next === 0) {
        rows.push({ when: `after ${at} s`, ...seen });
        next = at;
      }
    }
    rows.push({ when: `after ${seconds} s`, ...look(pid) });
    for (const crowd of crowds) crowd.stop();
    await wait(10_000);
    rows.push({ when: '10 s after the end', ...look(pid) });
    answers.sort((a, b) => a - b);
    const opened = crowds.map((crowd) => ({ name: crowd.kind.name, opened: crowd.opened }));
    const said = hub.log.split('\n').filter((line) => line.includes('connections closed:'));
    return {
      connections,
      seconds,
      rows,
      most,
      opened,
      answers: summary(answers),
      said: said.length,
      last: said.at(-1) ?? '',
    };
  } finally {
    await hub.stop();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {number[]} sorted */
function summary(sorted) {
  const at = (/** @type {number} */ part) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
  return { count: sorted.length, median: at(0.5), p99: at(0.99), most: sorted.at(-1) };
}

/** @param {Awaited<ReturnType<typeof measureHalfOpen>>} figures */
export function halfOpenText({ connections, seconds, rows, most, opened, answers }) {
  const cells = rows.map(({ when, resident, sockets }) => [when, shown(resident), shown(sockets)]);
  const kinds = opened.map(({ name, opened: count }) => `${name} ${shown(count)}`).join(', ');
  return [
    table(['When', 'resident MB', 'open sockets'], cells),
    `${shown(connections)} half-open at any moment for ${seconds} s, each opened again when the hub closed it: ${kinds}. ` +
      `Most memory: ${shown(most)} MB. \`GET /local/info\` of somebody else once a second meanwhile: ` +
      `${answers.count} of ${answers.count} answered, median ${shown(answers.median)} ms, p99 ${shown(answers.p99)} ms, ` +
      `slowest ${shown(answers.most)} ms.`,
  ].join('\n\n');
}
