/** The sensors a fresh device has, and those that can be added to it. */
import type { Sensor } from './sensor.js';

type Given = Pick<Sensor, 'id' | 'unit' | 'min' | 'max' | 'level' | 'spread' | 'generator'> & Partial<Sensor>;

const sensor = (given: Given): Sensor => ({
  step: 0.1,
  frozen: false,
  script: '',
  column: '',
  memory: 0,
  value: given.level,
  ...given,
});

export const TEMPLATES: readonly Sensor[] = [
  sensor({ id: 'temperature', unit: '°C', min: -20, max: 80, level: 21.5, spread: 2.5, generator: 'walk' }),
  sensor({ id: 'humidity', unit: '%', min: 0, max: 100, level: 48, spread: 6, generator: 'sine' }),
  sensor({ id: 'battery', unit: '%', min: 0, max: 100, level: 100, spread: 20, generator: 'drain' }),
  sensor({ id: 'tank', unit: 'l', min: 0, max: 500, level: 400, spread: 120, generator: 'drain', step: 1 }),
  sensor({
    id: 'thermostat',
    unit: '°C',
    min: 5,
    max: 35,
    level: 20,
    spread: 1,
    generator: 'inertia',
    value: 12,
  }),
  sensor({ id: 'pressure', unit: 'hPa', min: 950, max: 1050, level: 1013, spread: 4, generator: 'daily' }),
  sensor({ id: 'passages', unit: '', min: 0, max: 9999, level: 0, spread: 1, generator: 'counter', step: 1 }),
];

/** What the browser can feed. */
const INPUT_RANGES: Readonly<Record<string, Pick<Sensor, 'unit' | 'min' | 'max' | 'step'>>> = {
  latitude: { unit: '°', min: -90, max: 90, step: 0.0001 },
  longitude: { unit: '°', min: -180, max: 180, step: 0.0001 },
  tilt: { unit: '°', min: -180, max: 180, step: 0.1 },
  loudness: { unit: 'dB', min: 0, max: 100, step: 0.1 },
  charge: { unit: '%', min: 0, max: 100, step: 1 },
  joystick: { unit: '%', min: -100, max: 100, step: 1 },
};

export function inputSensor(id: string): Sensor {
  const range = INPUT_RANGES[id] ?? { unit: '', min: -100, max: 100, step: 0.1 };
  return sensor({ id, ...range, level: 0, spread: 1, generator: 'input' });
}

/** How many steps a slider should have at least. */
const FEWEST_STEPS = 100;

/** A sensor of someone's own; `id` is its name in the telemetry. */
export function ownSensor({ id, unit, min, max }: Pick<Sensor, 'id' | 'unit' | 'min' | 'max'>): Sensor {
  const step = Math.min(1, 10 ** Math.floor(Math.log10((max - min) / FEWEST_STEPS)));
  const level = (min + max) / 2;
  return sensor({ id, unit, min, max, step, level, spread: (max - min) / 10, generator: 'walk' });
}

/** What a sensor may be called: a key of a JSON body that every query language takes. */
export const SENSOR_NAME = /^[a-z_]\w{0,63}$/i;

export const DEFAULT_SENSORS: readonly Sensor[] = TEMPLATES.slice(0, 2);
