/**
 * What someone set up, as one value to keep: sensors and methods. It comes back from a file, a link or this browser's
 * storage, so it is read as something that anybody may have written. It never holds a key. Pure.
 */
import { isRecord } from '../hub/hub-event.js';
import { type Effect, METHOD_NAME, type MethodCard } from '../methods/method.js';
import { SENSOR_NAME } from '../sensors/defaults.js';
import { GENERATORS, type Sensor } from '../sensors/sensor.js';

export interface Scenario {
  readonly sensors: readonly Sensor[];
  readonly methods: readonly MethodCard[];
}

const VERSION = 1;
const MOST_SENSORS = 24;
const MOST_METHODS = 50;
const LONGEST_TEXT = 20_000;
const EFFECTS: readonly Effect[] = ['none', 'reboot', 'firmware'];

export function scenarioJson({ sensors, methods }: Scenario): string {
  return JSON.stringify({ version: VERSION, sensors, methods });
}

/** The scenario in `text`, or `null` if it is none. Of a list only what makes sense is taken. */
export function readScenario(text: string): Scenario | null {
  const value = parsed(text);
  if (!isRecord(value) || value.version !== VERSION) return null;
  const sensors = listed(value.sensors).map(readSensor).filter(isThere).slice(0, MOST_SENSORS);
  const methods = listed(value.methods).map(readMethod).filter(isThere).slice(0, MOST_METHODS);
  return { sensors: unlike(sensors, 'id'), methods: unlike(methods, 'name') };
}

function readSensor(value: unknown): Sensor | null {
  if (!isRecord(value)) return null;
  const { id, min, max, step, level, spread } = value;
  if (typeof id !== 'string' || !SENSOR_NAME.test(id)) return null;
  const numbers = [min, max, step, level, spread];
  if (!numbers.every((number) => typeof number === 'number' && Number.isFinite(number))) return null;
  const [low, high, by, middle, width] = numbers as [number, number, number, number, number];
  if (low >= high || by <= 0) return null;
  const inside = (number: unknown) =>
    typeof number === 'number' && Number.isFinite(number) ? Math.min(high, Math.max(low, number)) : middle;
  return {
    id,
    unit: shortText(value.unit, 12),
    min: low,
    max: high,
    step: by,
    level: inside(middle),
    spread: width,
    generator: GENERATORS.find((generator) => generator === value.generator) ?? 'steady',
    frozen: value.frozen === true,
    script: shortText(value.script, LONGEST_TEXT),
    column: shortText(value.column, 64),
    memory: 0,
    value: inside(value.value),
  };
}

function readMethod(value: unknown): MethodCard | null {
  if (!isRecord(value) || typeof value.name !== 'string' || !METHOD_NAME.test(value.name)) return null;
  const whole = (number: unknown, most: number, other: number) =>
    Number.isInteger(number) && (number as number) >= 0 && (number as number) <= most
      ? (number as number)
      : other;
  return {
    name: value.name,
    effect: EFFECTS.find((effect) => effect === value.effect) ?? 'none',
    status: whole(value.status, 999, 200),
    reply: shortText(value.reply, LONGEST_TEXT),
    delayMs: whole(value.delayMs, 60_000, 0),
    failurePercent: whole(value.failurePercent, 100, 0),
  };
}

const shortText = (value: unknown, most: number) => (typeof value === 'string' ? value.slice(0, most) : '');
const listed = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const isThere = <Value>(value: Value | null): value is Value => value !== null;

/** The first of those with the same name. */
function unlike<Value, Key extends keyof Value>(values: readonly Value[], key: Key): readonly Value[] {
  return values.filter((value, index) => values.findIndex((other) => other[key] === value[key]) === index);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
