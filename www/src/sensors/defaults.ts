/** The sensors a fresh device has. The first state is built from them. */
import type { Sensor } from './sensor.js';

export const DEFAULT_SENSORS: readonly Sensor[] = [
  {
    id: 'temperature',
    unit: '°C',
    min: -20,
    max: 80,
    step: 0.1,
    level: 21.5,
    spread: 2.5,
    generator: 'walk',
    frozen: false,
    value: 21.5,
  },
  {
    id: 'humidity',
    unit: '%',
    min: 0,
    max: 100,
    step: 0.1,
    level: 48,
    spread: 6,
    generator: 'sine',
    frozen: false,
    value: 48,
  },
];
