import { describe, expect, it } from 'vitest';
import { DEFAULT_SENSORS, ownSensor } from './defaults.js';
import { advance, GENERATORS, type Generator, type Sensor, withLevel } from './sensor.js';

const base = DEFAULT_SENSORS[0] as Sensor;
const having = (generator: Generator, more: Partial<Sensor> = {}): Sensor => ({
  ...base,
  generator,
  ...more,
});

describe('advance', () => {
  it('keeps a steady sensor on its level', () => {
    expect(advance(having('steady', { value: 3 }), 1_000, 0.7).value).toBe(base.level);
  });

  it('reaches the top of a sine a quarter of its period in', () => {
    expect(advance(having('sine'), 7_500, 0).value).toBeCloseTo(base.level + base.spread, 5);
    expect(advance(having('sine'), 22_500, 0).value).toBeCloseTo(base.level - base.spread, 5);
  });

  it('pulls a stray walk back towards its level', () => {
    let sensor = having('walk', { value: 60 });
    for (let tick = 0; tick < 200; tick += 1) sensor = advance(sensor, tick, 0);
    expect(Math.abs(sensor.value - base.level)).toBeLessThan(1);
  });

  it('is coldest at four in the morning and warmest at four in the afternoon', () => {
    const at = (hour: number) => advance(having('daily'), hour * 3_600_000, 0).value;
    expect(at(4)).toBeCloseTo(base.level - base.spread, 5);
    expect(at(16)).toBeCloseTo(base.level + base.spread, 5);
  });

  it('never leaves the range, whichever the generator', () => {
    for (const generator of GENERATORS) {
      const sensor = having(generator, { level: base.max, value: base.max, spread: 500 });
      for (const noise of [-1, -0.5, 0, 0.5, 0.999]) {
        for (const now of [0, 7_500, 22_500, 43_200_000]) {
          const { value } = advance(sensor, now, noise);
          expect(value).toBeGreaterThanOrEqual(base.min);
          expect(value).toBeLessThanOrEqual(base.max);
        }
      }
    }
  });

  it('does not move a frozen sensor', () => {
    const frozen = having('noise', { frozen: true, value: 12.3 });
    expect(advance(frozen, 5_000, 0.9)).toBe(frozen);
  });

  it('has no more digits than its step', () => {
    expect(advance(having('noise'), 0, 0.123456789).value).toBe(21.8);
    expect(advance(having('noise', { step: 1 }), 0, 0.123456789).value).toBe(22);
  });
});

describe('sensors with a memory', () => {
  it('drain and fill up again', () => {
    let battery = having('drain', { min: 0, max: 100, value: 0.2, spread: 60 });
    const seen: number[] = [];
    for (let tick = 0; tick < 40; tick += 1) {
      battery = advance(battery, tick, 0);
      seen.push(battery.value);
    }
    expect(Math.min(...seen)).toBe(0);
    expect(Math.max(...seen)).toBe(100);
    expect(seen.at(-1)).toBeLessThan(100);
  });
  it('play a sequence over and over', () => {
    let sensor = having('sequence', { script: '1, 2, 3' });
    const seen = Array.from({ length: 5 }, (_, tick) => {
      sensor = advance(sensor, tick, 0);
      return sensor.value;
    });
    expect(seen).toEqual([1, 2, 3, 1, 2]);
  });
  it('take the first numeric column of a CSV file', () => {
    expect(advance(having('sequence', { script: 'time,level\nmon,7\ntue,8' }), 0, 0).value).toBe(7);
  });
  it('count up and start again', () => {
    expect(advance(having('counter', { value: 79, step: 1 }), 0, 0).value).toBe(80);
    expect(advance(having('counter', { value: 80, step: 1 }), 0, 0).value).toBe(base.min);
  });
  it('follow a formula, and stay when it makes no sense', () => {
    expect(advance(having('formula', { script: 'level + t' }), 5_000, 0).value).toBe(26.5);
    expect(advance(having('formula', { script: 'level +', value: 9 }), 5_000, 0).value).toBe(9);
    expect(advance(having('formula', { script: '1 / 0', value: 9 }), 5_000, 0).value).toBe(9);
  });
  it('come towards their level with inertia', () => {
    expect(advance(having('inertia', { value: 0, level: 20 }), 0, 0).value).toBe(1);
  });
});

describe('withLevel', () => {
  it('moves the value along with the slider', () => {
    expect(withLevel(having('walk', { value: 20 }), base.level + 10)).toMatchObject({
      level: 31.5,
      value: 30,
    });
  });

  it('sets the value of a frozen sensor by hand', () => {
    expect(withLevel(having('walk', { frozen: true, value: 20 }), 35)).toMatchObject({
      value: 35,
      frozen: true,
    });
  });
});

describe('a CSV', () => {
  const script = 'time,level,flow\n1,77,5\n2,78,6';
  it('plays its first column until another is chosen, over and over', () => {
    const play = (column: string) => {
      let sensor = having('sequence', { script, column, min: 0, max: 100 });
      return [1, 2, 3].map(() => {
        sensor = advance(sensor, 0, 0);
        return sensor.value;
      });
    };
    expect(play('')).toEqual([1, 2, 1]);
    expect(play('flow')).toEqual([5, 6, 5]);
    expect(play('gone')).toEqual([1, 2, 1]);
  });
});

describe('a sensor of one’s own', () => {
  it('has a slider fine enough for its range', () => {
    const range = (min: number, max: number) => ownSensor({ id: 'x', unit: '', min, max });
    expect(range(0, 100).step).toBe(1);
    expect(range(0, 5).step).toBe(0.01);
    expect(range(0, 50_000)).toMatchObject({ step: 1, level: 25_000, generator: 'walk' });
  });
});
