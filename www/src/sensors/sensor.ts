/**
 * What a simulated sensor is, and how its value moves. Pure: time and noise come in, so that a run can be repeated.
 * The reducer calls `advance` once a tick; the cards call nothing here, they only show.
 */

export type Generator = 'steady' | 'sine' | 'walk' | 'noise' | 'daily';

/** In the order in which a card offers them. */
export const GENERATORS: readonly Generator[] = ['steady', 'sine', 'walk', 'noise', 'daily'];

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
  /** What the next telemetry says. */
  readonly value: number;
}

const SINE_PERIOD_MS = 30_000;
const DAY_MS = 86_400_000;
/** The share of its distance to `level` that a walk is pulled back by at each step: it wanders, but never for good. */
const WALK_PULL = 0.08;

/** The sensor one tick later. `now` is wall-clock milliseconds, `noise` a number in [-1, 1). */
export function advance(sensor: Sensor, now: number, noise: number): Sensor {
  if (sensor.frozen) return sensor;
  return { ...sensor, value: settle(sensor, raw(sensor, now, noise)) };
}

/** The sensor with its slider at `level`; the value follows at once, so that the hand sees what it does. */
export function withLevel(sensor: Sensor, level: number): Sensor {
  const moved = settle(sensor, sensor.value + (level - sensor.level));
  return { ...sensor, level, value: sensor.frozen ? settle(sensor, level) : moved };
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
    case 'noise':
      return level + noise * spread;
    case 'daily':
      // Lowest at four in the morning, highest at four in the afternoon (UTC).
      return level - spread * Math.cos((2 * Math.PI * ((now % DAY_MS) - DAY_MS / 6)) / DAY_MS);
  }
}

/** Inside the range, and as many digits as the sensor's step has. */
function settle(sensor: Sensor, value: number): number {
  const inside = Math.min(sensor.max, Math.max(sensor.min, value));
  const digits = Math.max(0, -Math.floor(Math.log10(sensor.step)));
  return Number(inside.toFixed(digits));
}
