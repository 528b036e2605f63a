/**
 * Reads a WebAssembly module far enough to weigh it: its sections, and each function's bytes with its name.
 * Called by `wasm-parts.mjs`.
 */

/**
 * @typedef {{ id: number, name: string, bytes: Uint8Array }} Section `name` is that of a custom section
 * @typedef {{ name: string, bytes: Uint8Array }} Body
 */

const CUSTOM = 0;
const IMPORTS = 2;
const CODE = 10;
const FUNCTION_NAMES = 1;

/** A place in bytes. */
class Reader {
  at = 0;

  /** @param {Uint8Array} bytes */
  constructor(bytes) {
    this.bytes = bytes;
  }

  get ended() {
    return this.at >= this.bytes.length;
  }

  byte() {
    const byte = this.bytes[this.at++];
    if (byte === undefined) throw new RangeError('the module ends within a number');
    return byte;
  }

  /** An unsigned LEB128. */
  number() {
    let [value, shift, byte] = [0, 1, 0];
    do {
      byte = this.byte();
      value += (byte & 0x7f) * shift;
      shift *= 128;
    } while (byte & 0x80);
    return value;
  }

  /** @param {number} [length] by default the number that stands before them */
  take(length = this.number()) {
    const end = this.at + length;
    const taken = this.bytes.subarray(this.at, end);
    this.at = end;
    return taken;
  }

  text() {
    return new TextDecoder().decode(this.take());
  }
}

/** @param {Uint8Array} module @returns {Section[]} */
export function sectionsOf(module) {
  const reader = new Reader(module);
  reader.at = 8; // magic number and version
  const sections = [];
  while (!reader.ended) {
    const id = reader.byte();
    const inner = new Reader(reader.take());
    const name = id === CUSTOM ? inner.text() : '';
    sections.push({ id, name, bytes: inner.bytes.subarray(inner.at) });
  }
  return sections;
}

/** The functions of a module that still has its names. @param {Section[]} sections @returns {Body[]} */
export function functionsOf(sections) {
  const names = namesOf(sections.find(({ name }) => name === 'name'));
  const imported = importedFunctions(sections.find(({ id }) => id === IMPORTS));
  const reader = new Reader(sections.find(({ id }) => id === CODE)?.bytes ?? new Uint8Array([0]));
  const count = reader.number();
  return Array.from({ length: count }, (_, index) => {
    const bytes = reader.take();
    return { name: names.get(imported + index) ?? '', bytes };
  });
}

/** @param {Section | undefined} section @returns {Map<number, string>} */
function namesOf(section) {
  const names = new Map();
  const reader = new Reader(section?.bytes ?? new Uint8Array());
  while (!reader.ended) {
    const kind = reader.byte();
    const part = new Reader(reader.take());
    if (kind !== FUNCTION_NAMES) continue;
    for (let left = part.number(); left > 0; left -= 1) names.set(part.number(), part.text());
  }
  return names;
}

/** @param {Section | undefined} section */
function importedFunctions(section) {
  const reader = new Reader(section?.bytes ?? new Uint8Array([0]));
  let functions = 0;
  for (let left = reader.number(); left > 0; left -= 1) {
    reader.take(); // module
    reader.take(); // name
    functions += skipImported(reader) ? 1 : 0;
  }
  return functions;
}

/** Skips what an import is; says whether it is a function. @param {Reader} reader */
function skipImported(reader) {
  const [FUNCTION, TABLE, MEMORY, GLOBAL, TAG] = [0, 1, 2, 3, 4];
  const kind = reader.byte();
  if (kind === FUNCTION) reader.number();
  if (kind === TABLE || kind === GLOBAL || kind === TAG) reader.byte();
  if (kind === TABLE || kind === MEMORY) {
    const hasMaximum = reader.byte() & 1;
    reader.number();
    if (hasMaximum) reader.number();
  }
  if (kind === GLOBAL) reader.byte();
  if (kind === TAG) reader.number();
  return kind === FUNCTION;
}
