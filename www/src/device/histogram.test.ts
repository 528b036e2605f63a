import { describe, expect, it } from 'vitest';
import { binned } from './histogram.js';

describe('binned', () => {
  it('puts each time into one bin, the border into the upper one', () => {
    const bins = binned([0, 1.9, 2, 9.99, 10, 60_000]);
    expect(bins.reduce((sum, bin) => sum + bin.count, 0)).toBe(6);
    expect(bins.filter((bin) => bin.count > 0).map(({ below, count }) => [below, count])).toEqual([
      [2, 2],
      [5, 1],
      [10, 1],
      [20, 1],
      [Number.POSITIVE_INFINITY, 1],
    ]);
  });
  it('is empty without times', () => {
    expect(binned([]).every((bin) => bin.count === 0)).toBe(true);
  });
});
