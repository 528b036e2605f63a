/**
 * The floor of a client: packets written by hand into a WebSocket, PUBACKs counted four bytes each. One packet a
 * frame, or as many as are due in one; and the smallest client that gives a promise for every message.
 */
import { WebSocket } from 'ws';
import { BODY } from './wire.mjs';

/** @typedef {import('./wire.mjs').Wire} Wire */

const FRAME_PACKETS = 64;

/** @param {Wire} wire */
async function open(wire) {
  /** @type {any} `ws` brings no types along */
  const socket = new WebSocket(wire.url, ['mqtt'], { perMessageDeflate: false });
  socket.binaryType = 'nodebuffer';
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  const code = await new Promise((resolve, reject) => {
    socket.once('message', (/** @type {Buffer} */ data) => resolve(data[3])).once('error', reject);
    socket.send(connectPacket(wire));
  });
  if (code !== 0) throw new Error(`CONNECT was answered with code ${code}`);
  return socket;
}

/** @param {Wire} wire */
function connectPacket({ clientId, userName, password }) {
  const head = Buffer.from([0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 0xc2, 0, 240]);
  const body = Buffer.concat([head, ...[clientId, userName, password].map(string)]);
  return Buffer.concat([Buffer.from([0x10, ...length(body.length)]), body]);
}

/** @param {string} topic @returns {(id: number) => Buffer} */
function publisher(topic) {
  const rest = Buffer.concat([string(topic), Buffer.alloc(2), BODY]);
  const packet = Buffer.concat([Buffer.from([0x32, ...length(rest.length)]), rest]);
  const at = packet.length - BODY.length - 2;
  return (id) => {
    const copy = Buffer.from(packet);
    copy.writeUInt16BE(id, at);
    return copy;
  };
}

/** @param {string} text */
function string(text) {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
}

/** @param {number} bytes */
function length(bytes) {
  return bytes < 128 ? [bytes] : [(bytes & 127) | 128, bytes >> 7];
}

/** @param {Wire} wire @param {number} perFrame */
async function raw(wire, perFrame) {
  const socket = await open(wire);
  const packet = publisher(wire.topic);
  return {
    run: (/** @type {number} */ count, /** @type {number} */ window) =>
      new Promise((resolve) => {
        let [sent, acknowledged] = [0, 0];
        const fill = () => {
          while (sent < count && sent - acknowledged < window) {
            const due = Math.min(perFrame, count - sent, window - (sent - acknowledged));
            const packets = Array.from({ length: due }, (_, at) => packet(((sent + at) % 60_000) + 1));
            socket.send(due === 1 ? packets[0] : Buffer.concat(packets));
            sent += due;
          }
        };
        socket.removeAllListeners('message');
        socket.on('message', (/** @type {Buffer} */ data) => {
          acknowledged += data.length / 4;
          if (acknowledged >= count) resolve(undefined);
          else fill();
        });
        fill();
      }),
    close: async () => socket.close(),
  };
}

/** @param {Wire} wire */
export const rawFrames = (wire) => raw(wire, 1);
/** @param {Wire} wire */
export const rawCoalesced = (wire) => raw(wire, FRAME_PACKETS);

/** One promise a message, all packets of one turn in one frame. @param {Wire} wire */
export async function smallest(wire) {
  const socket = await open(wire);
  const packet = publisher(wire.topic);
  /** @type {Map<number, () => void>} */
  const waiting = new Map();
  /** @type {Buffer[]} */
  let due = [];
  let last = 0;
  const flush = () => {
    for (let at = 0; at < due.length; at += FRAME_PACKETS) {
      socket.send(Buffer.concat(due.slice(at, at + FRAME_PACKETS)));
    }
    due = [];
  };
  socket.on('message', (/** @type {Buffer} */ data) => {
    for (let at = 0; at + 4 <= data.length; at += 4) {
      const id = data.readUInt16BE(at + 2);
      waiting.get(id)?.();
      waiting.delete(id);
    }
  });
  return {
    send: () =>
      new Promise((/** @type {(value: void) => void} */ resolve) => {
        last = (last % 60_000) + 1;
        waiting.set(last, resolve);
        if (due.length === 0) queueMicrotask(flush);
        due.push(packet(last));
      }),
    close: async () => socket.close(),
  };
}
