/**
 * Checks a desired patch before it is sent, by the hub's own rules, so that the editor can say what is wrong and where.
 * Pure; the texts of the findings are in `text/`.
 */
import { isObject, type Json, type JsonObject } from './json.js';

export type Finding =
  | { readonly kind: 'not-json'; readonly said: string }
  | { readonly kind: 'not-object' }
  | { readonly kind: 'empty' }
  | { readonly kind: 'key'; readonly path: string }
  | { readonly kind: 'depth'; readonly path: string }
  | { readonly kind: 'long'; readonly path: string }
  | { readonly kind: 'number'; readonly path: string }
  | { readonly kind: 'size'; readonly bytes: number };

export type Checked =
  | { readonly patch: JsonObject; readonly finding: null }
  | { readonly patch: null; readonly finding: Finding };

const MAX_DEPTH = 10;
const MAX_STRING = 4_096;
const MAX_SIZE = 32_768;
const INTEGERS = { min: -4_503_599_627_370_496, max: 4_503_599_627_370_495 };
/** Control characters, `.`, `$` and space may not stand in a key. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are just what is looked for
const BAD_KEY = /[\u0000-\u001f\u007f-\u009f.$# ]/;

export function checkPatch(text: string): Checked {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    return failed({ kind: 'not-json', said: cause instanceof Error ? cause.message : String(cause) });
  }
  if (!isObject(value)) return failed({ kind: 'not-object' });
  if (Object.keys(value).length === 0) return failed({ kind: 'empty' });
  const finding = findingIn(value, '', 1);
  if (finding !== null) return failed(finding);
  const bytes = sizeOf(value);
  return bytes > MAX_SIZE ? failed({ kind: 'size', bytes }) : { patch: value, finding: null };
}

const failed = (finding: Finding): Checked => ({ patch: null, finding });

function findingIn(value: JsonObject, prefix: string, depth: number): Finding | null {
  for (const [key, child] of Object.entries(value)) {
    const path = prefix + key;
    if (key === '' || BAD_KEY.test(key)) return { kind: 'key', path };
    if (depth > MAX_DEPTH) return { kind: 'depth', path };
    const finding = isObject(child) ? findingIn(child, `${path}.`, depth + 1) : findingInLeaf(child, path);
    if (finding !== null) return finding;
  }
  return null;
}

function findingInLeaf(value: Json, path: string): Finding | null {
  if (typeof value === 'string' && value.length > MAX_STRING) return { kind: 'long', path };
  const tooBig =
    Number.isInteger(value) && ((value as number) < INTEGERS.min || (value as number) > INTEGERS.max);
  return tooBig ? { kind: 'number', path } : null;
}

/** As the hub counts: strings by characters, numbers 8, booleans 4, keys counted, objects the sum. */
function sizeOf(value: Json): number {
  if (typeof value === 'string') return value.length;
  if (typeof value === 'number') return 8;
  if (typeof value === 'boolean') return 4;
  if (value === null) return 0;
  return Object.entries(value).reduce((sum, [key, child]) => sum + key.length + sizeOf(child), 0);
}
