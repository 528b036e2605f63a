/**
 * Messages on their way to the wasm side: those of one turn are written side by side and cross together. The other
 * half is `src/staged.rs`, which says how they are written. Called by `client.js`.
 */

import { IotHubError } from './errors.js';
import { refuse } from './values.js';

const encoder = new TextEncoder();

/** Body and properties of a message, in bytes. */
const MOST = 262_144;

/** Room for the hub's own names, which do not count; the wasm side counts to the byte. */
const NAMES = 1024;

/** Room that is kept from turn to turn. */
const BYTES = 1 << 16;

/** So many bytes cross before the turn ends. */
const ENOUGH = BYTES / 2;

/** Stands for no time-out. */
const NEVER = 0xffffffff;

/** The encoder takes its time to start: shorter text is written here. */
const SHORT = 100;

/** @typedef {(heads: Uint32Array, bytes: Uint8Array, end: boolean) => void} Cross */

let heads = new Uint32Array(1024);
let bytes = new Uint8Array(BYTES);
let head = 0;
let byte = 0;
/** Whose messages they are. @type {Cross | undefined} */
let owner;
let ending = false;
/** Text that UTF-8 can not hold was written. */
let broken = false;

/**
 * Writes a message; it crosses at the end of the turn at the latest.
 * @param {Cross} cross
 * @param {number} op
 * @param {number} qos
 * @param {number | undefined} timeout
 * @param {import('./message.js').Written} message
 */
export function stage(cross, op, qos, timeout, message) {
  if (owner !== cross) {
    flush();
    owner = cross;
    if (!ending) {
      ending = true;
      void Promise.resolve().then(endTurn);
    }
  }
  write(op, qos, timeout, message);
  if (byte > ENOUGH) flush();
}

function endTurn() {
  ending = false;
  flush(true);
}

/** What is written crosses now. */
export function flush(end = false) {
  if (owner === undefined) return;
  const cross = owner;
  owner = undefined;
  take(cross, end);
}

/** Only this message, at once. @param {import('./message.js').Written} message @param {number} qos @param {Cross} cross */
export function crossAlone(message, qos, cross) {
  flush();
  write(0, qos, undefined, message);
  take(cross, false);
}

/** @param {Cross} cross @param {boolean} end */
function take(cross, end) {
  const [written, content] = [heads.subarray(0, head), bytes.subarray(0, byte)];
  head = byte = 0;
  // What comes of it may write again: the other side has its copy before it does anything.
  cross(written, content, end);
  if (bytes.length > BYTES * 4) bytes = new Uint8Array(BYTES);
}

/**
 * @param {number} op
 * @param {number} qos
 * @param {number | undefined} timeout
 * @param {import('./message.js').Written} message
 */
function write(op, qos, timeout, { fields, length, system, body }) {
  let room = body.length;
  for (let index = 0; index < length; index += 1) room += /** @type {string} */ (fields[index]).length;
  // Before it is copied: the memory of the wasm side never shrinks.
  if (room > MOST + NAMES)
    throw new IotHubError(
      'message-too-large',
      `the message has ${room} bytes with its properties, the hub allows ${MOST}: split it, or upload a file`,
    );
  room *= 3;
  if (byte + room > bytes.length) {
    const more = new Uint8Array(bytes.length + room);
    more.set(bytes);
    bytes = more;
  }
  if (head + length + 6 > heads.length) {
    const more = new Uint32Array(heads.length * 2 + length);
    more.set(heads);
    heads = more;
  }
  const [at, start] = [head, byte];
  heads[at] = op;
  heads[at + 1] = qos;
  heads[at + 2] = timeout !== undefined && timeout < NEVER ? timeout : NEVER;
  heads[at + 3] = system / 2;
  heads[at + 4] = length / 2;
  head += 6;
  for (let index = 0; index < length; index += 1) heads[head++] = text(/** @type {string} */ (fields[index]));
  if (typeof body === 'string') heads[at + 5] = text(body);
  else {
    bytes.set(body, byte);
    byte += heads[at + 5] = body.length;
  }
  if (broken) {
    [head, byte, broken] = [at, start, false];
    refuse('the message holds text with half a surrogate pair, which UTF-8 has no form for');
  }
}

/** Appends text; gives its length in bytes. @param {string} value */
function text(value) {
  const start = byte;
  if (value.length < SHORT) {
    let at = start;
    for (let index = 0; ; index += 1) {
      if (index === value.length) {
        byte = at;
        return at - start;
      }
      const code = value.charCodeAt(index);
      if (code > 127) break;
      bytes[at++] = code;
    }
  }
  // Where it can be asked; Node 20 and every browser since 2023 can.
  if (/** @type {any} */ (value).isWellFormed?.() === false) broken = true;
  const { written } = encoder.encodeInto(value, bytes.subarray(start));
  byte += written;
  return written;
}
