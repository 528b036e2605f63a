import { describe, expect, it } from 'vitest';
import { measuredBy, natureOf } from './plan.js';

const fleet = Array.from({ length: 1_000 }, (_, index) => natureOf(index));

describe('a fleet', () => {
  it('starts one after the other, not at once', () => {
    expect(fleet[0]?.startsAt).toBe(0);
    expect(fleet[999]?.startsAt).toBe(9_990);
  });
  it('sends once a second on the average, each at a pace of its own', () => {
    const paces = fleet.map(({ every }) => every);
    const average = paces.reduce((sum, pace) => sum + pace, 0) / paces.length;
    expect(average).toBeGreaterThan(980);
    expect(average).toBeLessThan(1_020);
    expect(new Set(paces).size).toBeGreaterThan(990);
  });
  it('varies, and is the same again', () => {
    expect(natureOf(7)).toEqual(natureOf(7));
    expect(natureOf(7).level).not.toBe(natureOf(8).level);
  });
  it('measures something that a sensor could', () => {
    for (const nature of fleet) {
      const value = measuredBy(nature, 123_456);
      expect(value).toBeGreaterThan(5);
      expect(value).toBeLessThan(40);
    }
  });
});
