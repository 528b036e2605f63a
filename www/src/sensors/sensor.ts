/**
 * What a simulated sensor is, and how its value moves. Pure: time and noise come in, so that a run can be repeated.
 * The reducer calls `advance` once a tick; the cards call nothing here, they only show.
 */

import { evaluate } from './expression.js';
import { columnsOf } from './numbers.js';

export type Generator =
  | 'steady'
  | 'sine'
  | 'walk'
  | 'noise'
  | 'daily'
  | 'inertia'
  | 'drain'
  | 'counter'
  | 'sequence'
  | 'formula'
  /** Fed by the browser; not offered to choose. */
  | 'input';

/** In the order in which a card offers them. */
export const GENERATORS: readonly Generator[] = [
  'steady',
  'sine',
  'walk',
  'noise',
  'daily',
  'inertia',
  'drain',
  'counter',
  'sequence',
  'formula',
];

export interface Sensor {
  /** Its name on the wire: the key in the telemetry's JSON body. */
  readonly id: string;
  readonly unit: string;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  /** Where the slider stands: the middle that the generator moves around. */
  readonly level: number;
  /** How far the generator strays from `level`. */
  readonly spread: number;
  readonly generator: Generator;
  readonly frozen: boolean;
  /** Of a sequence its numbers (a list, or CSV), of a formula its text. */
  readonly script: string;
  /** Of a CSV in `script`, the column that plays; empty for the first. */
  readonly column: string;
  /** What a generator remembers between ticks: a position, a direction. */
  readonly memory: number;
  /** What the next telemetry says. */
  readonly value: number;
}

const SINE_PERIOD_MS = 30_000;
const DAY_MS = 86_400_000;
/** The share of its distance to `level` that a walk is pulled back by at each step: it wanders, but never for good. */
const WALK_PULL = 0.08;
/** The share of the way that something heavy goes towards its level at each step. */
const INERTIA = 0.05;

/** The sensor one tick later. `now` is wall-clock milliseconds, `noise` a number in [-1, 1). */
export function advance(sensor: Sensor, now: number, noise: number): Sensor {
  if (sensor.frozen) return sensor;
  const { value, memory } = next(sensor, now, noise);
  return { ...sensor, memory, value: settle(sensor, value) };
}

/** The sensor with its slider at `level`; the value follows at once, so that the hand sees what it does. */
export function withLevel(sensor: Sensor, level: number): Sensor {
  const moved = settle(sensor, sensor.value + (level - sensor.level));
  return { ...sensor, level, value: sensor.frozen ? settle(sensor, level) : moved };
}

function next(sensor: Sensor, now: number, noise: number): Pick<Sensor, 'value' | 'memory'> {
  switch (sensor.generator) {
    case 'drain':
      return drained(sensor);
    case 'sequence':
      return inSequence(sensor);
    default:
      return { memory: sensor.memory, value: raw(sensor, now, noise) };
  }
}

/** Empties by `spread` a minute; filled up again ten times as fast: a battery, a tank. */
function drained({ value, min, max, spread, memory }: Sensor): Pick<Sensor, 'value' | 'memory'> {
  const filling = value <= min || (memory === 1 && value < max);
  return { memory: filling ? 1 : 0, value: filling ? value + spread / 6 : value - spread / 60 };
}

function inSequence({ script, column, value, memory }: Sensor): Pick<Sensor, 'value' | 'memory'> {
  const columns = columnsOf(script);
  const values = (columns.find(({ name }) => name === column) ?? columns[0])?.values ?? [];
  return { memory: memory + 1, value: values[memory % Math.max(1, values.length)] ?? value };
}

/** A formula knows the time in seconds, the slider, the last value and some noise; a broken one leaves the value. */
function formula({ script, value, level }: Sensor, now: number, noise: number): number {
  try {
    const result = evaluate(script, { t: (now / 1_000) % 86_400, level, value, noise });
    return Number.isFinite(result) ? result : value;
  } catch {
    return value;
  }
}

function raw(sensor: Sensor, now: number, noise: number): number {
  const { level, spread, value } = sensor;
  switch (sensor.generator) {
    case 'steady':
      return level;
    case 'sine':
      return level + spread * Math.sin((2 * Math.PI * now) / SINE_PERIOD_MS);
    case 'walk':
      return value + (level - value) * WALK_PULL + noise * spread * 0.35;
    case 'inertia':
      return value + (level - value) * INERTIA + noise * sensor.step;
    case 'counter':
      return value + sensor.step > sensor.max ? sensor.min : value + sensor.step;
    case 'formula':
      return formula(sensor, now, noise);
    case 'noise':
      return level + noise * spread;
    case 'daily':
      // Lowest at four in the morning, highest at four in the afternoon (UTC).
      return level - spread * Math.cos((2 * Math.PI * ((now % DAY_MS) - DAY_MS / 6)) / DAY_MS);
    default:
      return value;
  }
}

/** The sensor with a value that was measured, not made. */
export function measured(sensor: Sensor, value: number): Sensor {
  const same = sensor.frozen || sensor.generator !== 'input';
  return same ? sensor : { ...sensor, value: settle(sensor, value), level: settle(sensor, value) };
}

/** Inside the range, and as many digits as the sensor's step has. */
function settle(sensor: Sensor, value: number): number {
  const inside = Math.min(sensor.max, Math.max(sensor.min, value));
  const digits = Math.max(0, -Math.floor(Math.log10(sensor.step)));
  return Number(inside.toFixed(digits));
}
