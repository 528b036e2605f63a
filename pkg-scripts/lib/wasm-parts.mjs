/**
 * What the device's wasm is made of, part by part: bytes as they stand, and a share of the compressed size. Called by
 * the suite `download`; the figures of docs/size.md are what it prints.
 */
import fs from 'node:fs';
import zlib from 'node:zlib';
import { functionsOf, sectionsOf } from './wasm-sections.mjs';

/** The first pattern that a function's name meets decides. What was inlined counts where it went. */
const PARTS = [
  { part: 'SHA-256 and HMAC', names: /sha2|hmac|digest|hybrid_array|block_buffer|zeroize/ },
  { part: 'allocator', names: /rlsf|__rust_(alloc|dealloc|realloc)|__rdl_|__rg_|alloc::Global/ },
  { part: 'the protocol', names: /iothub_protocol|mqttbytes/ },
  { part: 'the device', names: /iothub_device/ },
  { part: 'the JavaScript face', names: /iothub_wasm|^driver_|^parseConnectionString/ },
  { part: 'wasm-bindgen, web-sys', names: /wasm_bindgen|wbindgen|js_sys|web_sys|gloo|externref|shim/i },
  { part: 'text formatting', names: /fmt/ },
  { part: 'Vec, String, queues', names: /\bvec\b|raw_vec|vec_deque|collections|string::String|binary_heap/ },
  { part: 'panics and std', names: /panick|\bstd\b|std\[/ },
  { part: 'core and alloc, the rest', names: /./ },
];
const OTHER = 'core and alloc, the rest';
const DATA = 11;
const CODE = 10;
const CUSTOM = 0;

/** @typedef {{ part: string, raw: number, brotli: number }} PartRow */

/** @param {string} named the optimised module with its names @param {number} whole compressed size of what is delivered @returns {PartRow[]} */
export function partsOf(named, whole) {
  const sections = sectionsOf(fs.readFileSync(named));
  /** @type {Map<string, Uint8Array[]>} */
  const pieces = new Map();
  const put = (/** @type {string} */ part, /** @type {Uint8Array} */ bytes) =>
    pieces.set(part, [...(pieces.get(part) ?? []), bytes]);
  for (const { name, bytes } of functionsOf(sections)) put(partOf(name), bytes);
  for (const { id, bytes } of sections) {
    if (id === DATA) put('texts and tables', bytes);
    else if (id !== CODE && id !== CUSTOM) put('types, imports, exports', bytes);
  }
  const rows = [...pieces].map(([part, all]) => rowOf(part, Buffer.concat(all)));
  return scaled(rows, whole).sort((one, other) => other.raw - one.raw);
}

/** @param {string} name */
function partOf(name) {
  return PARTS.find(({ names }) => names.test(name))?.part ?? OTHER;
}

/** @param {string} part @param {Uint8Array} bytes @returns {PartRow} */
function rowOf(part, bytes) {
  const params = { [zlib.constants.BROTLI_PARAM_QUALITY]: 11 };
  return { part, raw: bytes.length, brotli: zlib.brotliCompressSync(bytes, { params }).length };
}

/** Parts compress worse alone than together: they share the whole in proportion. @param {PartRow[]} rows @param {number} whole */
function scaled(rows, whole) {
  const alone = rows.reduce((total, { brotli }) => total + brotli, 0);
  return rows.map((row) => ({ ...row, brotli: Math.round((row.brotli * whole) / alone) }));
}
