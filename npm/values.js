/**
 * What a JavaScript value is, and the one rule for what JSON can hold: used for bodies, reported patches, the answers of
 * methods and wills. Whatever JSON would empty, drop or turn into something else is refused, with its place and what to
 * write instead. Used wherever a value of the application comes in.
 */
import { IotHubError } from './errors.js';

/** Levels of nesting; a value that holds itself has more. */
const DEPTH = 1000;

/**
 * Text that is as long as this breaks a limit of the hub; more of it need not cross: the memory of the wasm side never
 * shrinks.
 */
export const LONG = 1 << 18;

const ENTRIES = 'Object.fromEntries(it)';
const BYTES = 'await it.bytes()';
/** What to write instead. */
const CURES = new Map([
  ['Map', ENTRIES],
  ['URLSearchParams', ENTRIES],
  ['Headers', ENTRIES],
  ['FormData', ENTRIES],
  ['Set', '[...it]'],
  ['Promise', 'await it'],
  ['Blob', BYTES],
  ['File', BYTES],
  ['bigint', 'String(it)'],
]);

/** @param {string} message @returns {never} */
export function refuse(message) {
  throw new IotHubError('argument', message);
}

/** Refuses a value that is not what it should be. @param {unknown} good @param {string} what @param {unknown} value @param {string} wanted */
export function demand(good, what, value, wanted) {
  if (!good) refuse(`${what} is ${kindOf(value)}; it takes ${wanted}${cureOf(value)}`);
}

/** Whether an object is one of braces, of whatever realm: all that it has are fields. @param {object} value */
export function isPlain(value) {
  const proto = Object.getPrototypeOf(value);
  return proto === Object.prototype || proto === null || Object.getPrototypeOf(proto) === null;
}

/** The type of a value, or its class: of whatever realm. @param {any} value @returns {string} */
function nameOf(value) {
  if (typeof value !== 'object' || value === null) return value === null ? 'null' : typeof value;
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  if (Array.isArray(value) || isPlain(value)) return tag.toLowerCase();
  return (tag === 'Object' && value.constructor?.name) || tag;
}

/** The same with its article, or the value where it is short; for messages. @param {unknown} value */
export function kindOf(value) {
  const name = nameOf(value);
  if (/^(null|undefined|number|boolean)$/.test(name)) return String(value);
  if (typeof value === 'string' && value.length < 40) return `"${value}"`;
  return `${/^([aeio]|u[^nirs])/i.test(name) ? 'an' : 'a'} ${name}`;
}

/** @param {unknown} value */
function cureOf(value) {
  const cure = ArrayBuffer.isView(value) ? '[...it]' : CURES.get(nameOf(value));
  return cure ? `: write ${cure}` : '';
}

/** As text, whatever it is; for messages. @param {unknown} value */
export function shown(value) {
  try {
    return String(value);
  } catch {
    return kindOf(value);
  }
}

/** The bytes of a buffer or a view, of whatever realm; none of anything else. @param {any} value */
export function bytesOf(value) {
  if (!ArrayBuffer.isView(value) && !/^(Shared)?ArrayBuffer$/.test(nameOf(value))) return undefined;
  const { buffer = value, byteOffset, byteLength } = value;
  try {
    return new Uint8Array(buffer, byteOffset, byteLength);
  } catch {
    return refuse('the body is a buffer that was transferred: its bytes are elsewhere');
  }
}

/**
 * A value as JSON text.
 * @param {unknown} value @param {string} what @returns {string}
 */
export function jsonOf(value, what) {
  try {
    const lost = lostOf(value, DEPTH);
    if (lost === undefined) return JSON.stringify(value);
    const [place, is] = [lost.place.replace(/^\./, ''), lost.value];
    const cure =
      cureOf(is) || (typeof is !== 'object' || /** @type {any} */ (is).toJSON ? '' : ': give it a toJSON()');
    refuse(`the ${what}${place && `'s "${place}"`} is ${kindOf(is)}, which JSON has no form for${cure}`);
  } catch (cause) {
    if (cause instanceof IotHubError) throw cause;
    throw new IotHubError('argument', `the ${what} can not be written as JSON: ${shown(cause)}`, { cause });
  }
}

/**
 * What of a value JSON would lose or change, and where: the first of it, if there is any.
 * @param {any} value @param {number} depth @returns {{ place: string, value: unknown } | undefined}
 */
function lostOf(value, depth) {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return undefined;
    case 'number':
      return Number.isFinite(value) ? undefined : { place: '', value };
  }
  if (value === null) return undefined;
  if (value?.toJSON !== undefined) {
    const made = value.toJSON('');
    // An invalid date becomes null.
    return (made ?? value) === value ? { place: '', value } : lostOf(made, depth - 1);
  }
  const isList = Array.isArray(value);
  if (typeof value !== 'object' || !(isList || isPlain(value))) return { place: '', value };
  if (depth <= 0) throw new RangeError('it holds itself, or is nested too deep');
  if (isList) {
    for (let at = 0; at < value.length; at += 1) {
      const lost = lostOf(value[at], depth - 1);
      if (lost) return { place: `[${at}]${lost.place}`, value: lost.value };
    }
    return undefined;
  }
  for (const name in value) {
    const field = value[name];
    const lost = field === undefined ? undefined : lostOf(field, depth - 1);
    if (lost) return { place: `.${name}${lost.place}`, value: lost.value };
  }
  return undefined;
}
