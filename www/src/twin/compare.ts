/**
 * The three columns of a twin, path by path: what the service wants, what the device last saw of it, what the device
 * reports. The difference between them is the whole point of a twin. Pure; the twin card draws it.
 */
import { type Json, type JsonObject, leaves } from './json.js';

export interface TwinRow {
  readonly path: string;
  readonly desired: Json | undefined;
  readonly seen: Json | undefined;
  readonly reported: Json | undefined;
  /** `unseen`: the device does not know yet; `unmet`: it knows but reports something else; `own`: nobody asked. */
  readonly state: 'met' | 'unseen' | 'unmet' | 'own';
}

export function compared(desired: JsonObject, seen: JsonObject, reported: JsonObject): TwinRow[] {
  const columns = [leaves(desired), leaves(seen), leaves(reported)] as const;
  const paths = new Set(columns.flatMap((column) => [...column.keys()]));
  return [...paths].sort().map((path) => {
    const [wanted, known, told] = columns.map((column) => column.get(path));
    return { path, desired: wanted, seen: known, reported: told, state: stateOf(wanted, known, told) };
  });
}

function stateOf(
  desired: Json | undefined,
  seen: Json | undefined,
  reported: Json | undefined,
): TwinRow['state'] {
  if (!same(desired, seen)) return 'unseen';
  if (desired === undefined) return 'own';
  return same(desired, reported) ? 'met' : 'unmet';
}

function same(one: Json | undefined, other: Json | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
