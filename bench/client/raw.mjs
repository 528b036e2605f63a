/**
 * The floor of a client: packets written by hand into a WebSocket, PUBACKs counted four bytes each. One packet a
 * frame, or as many as are due in one; and the smallest client that gives a promise for every message. For Node and
 * for pages: each brings its own socket.
 */
import { connectPacket, joined, publisher } from './packets.mjs';

/**
 * @typedef {import('./wire.mjs').Wire} Wire
 * @typedef {{ send: (bytes: Uint8Array) => void, close: () => void, heard: (bytes: Uint8Array) => void }} Socket
 * @typedef {(url: string) => Promise<Socket>} Dial gives an open socket
 */

const FRAME_PACKETS = 64;
const IDS = 60_000;

/** An accepted link. @param {Dial} dial @param {Wire} wire */
export async function login(dial, wire) {
  const socket = await dial(wire.url);
  const code = await new Promise((resolve) => {
    socket.heard = (bytes) => resolve(bytes[3]);
    socket.send(connectPacket(wire));
  });
  if (code !== 0) throw new Error(`CONNECT was answered with code ${code}`);
  return socket;
}

/** @param {Dial} dial @param {Wire} wire @param {number} perFrame */
async function raw(dial, wire, perFrame) {
  const socket = await login(dial, wire);
  const packet = publisher(wire.topic);
  return {
    run: (/** @type {number} */ count, /** @type {number} */ window) =>
      new Promise((resolve) => {
        let [sent, acknowledged] = [0, 0];
        const fill = () => {
          while (sent < count && sent - acknowledged < window) {
            const due = Math.min(perFrame, count - sent, window - (sent - acknowledged));
            const packets = Array.from({ length: due }, (_, at) => packet(((sent + at) % IDS) + 1));
            socket.send(due === 1 ? packets[0] : joined(packets));
            sent += due;
          }
        };
        socket.heard = (bytes) => {
          acknowledged += bytes.length / 4;
          if (acknowledged >= count) resolve(undefined);
          else fill();
        };
        fill();
      }),
    close: async () => socket.close(),
  };
}

/** @param {Dial} dial @param {Wire} wire */
export const rawFrames = (dial, wire) => raw(dial, wire, 1);
/** @param {Dial} dial @param {Wire} wire */
export const rawCoalesced = (dial, wire) => raw(dial, wire, FRAME_PACKETS);

/** One promise a message, all packets of one turn in one frame. @param {Dial} dial @param {Wire} wire */
export async function smallest(dial, wire) {
  const socket = await login(dial, wire);
  const packet = publisher(wire.topic);
  /** @type {Map<number, () => void>} */
  const waiting = new Map();
  /** @type {Uint8Array[]} */
  let due = [];
  let last = 0;
  const flush = () => {
    for (let at = 0; at < due.length; at += FRAME_PACKETS) {
      socket.send(joined(due.slice(at, at + FRAME_PACKETS)));
    }
    due = [];
  };
  socket.heard = (bytes) => {
    for (let at = 0; at + 4 <= bytes.length; at += 4) {
      const id = (bytes[at + 2] << 8) | bytes[at + 3];
      waiting.get(id)?.();
      waiting.delete(id);
    }
  };
  return {
    send: () =>
      new Promise((/** @type {(value: void) => void} */ resolve) => {
        last = (last % IDS) + 1;
        waiting.set(last, resolve);
        if (due.length === 0) queueMicrotask(flush);
        due.push(packet(last));
      }),
    close: async () => socket.close(),
  };
}
