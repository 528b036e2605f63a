/** The two packets that the raw clients write by hand. For Node and for pages. */
import { BODY } from './message.mjs';

const text = new TextEncoder();

/** @param {import('./wire.mjs').Wire} wire */
export function connectPacket({ clientId, userName, password }) {
  const head = Uint8Array.of(0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 0xc2, 0, 240);
  const body = joined([head, ...[clientId, userName, password].map(string)]);
  return joined([Uint8Array.of(0x10, ...length(body.length)), body]);
}

/**
 * A PUBLISH that is copied and numbered for every message.
 * @param {string} topic
 * @returns {(id: number) => Uint8Array}
 */
export function publisher(topic) {
  const rest = joined([string(topic), new Uint8Array(2), BODY]);
  const packet = joined([Uint8Array.of(0x32, ...length(rest.length)), rest]);
  const at = packet.length - BODY.length - 2;
  return (id) => {
    const copy = packet.slice();
    copy[at] = id >> 8;
    copy[at + 1] = id & 255;
    return copy;
  };
}

/** @param {Uint8Array[]} parts */
export function joined(parts) {
  let size = 0;
  for (const part of parts) size += part.length;
  const all = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** @param {string} value */
function string(value) {
  const bytes = text.encode(value);
  return joined([Uint8Array.of(bytes.length >> 8, bytes.length & 255), bytes]);
}

/** @param {number} bytes */
function length(bytes) {
  return bytes < 128 ? [bytes] : [(bytes & 127) | 128, bytes >> 7];
}
