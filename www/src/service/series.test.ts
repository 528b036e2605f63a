import { describe, expect, it } from 'vitest';
import { appended, COLUMNS_KEEP, NO_SERIES, SERIES_KEEPS } from './series.js';

describe('appended', () => {
  it('makes a column for each number and none for the rest', () => {
    const series = appended(NO_SERIES, 10, '{"temperature":21.5,"humidity":40,"name":"x","on":true}');
    expect(series).toEqual({ times: [10], columns: { temperature: [21.5], humidity: [40] } });
  });

  it('leaves a gap where a key is missing, before and after', () => {
    const one = appended(NO_SERIES, 1, '{"a":1}');
    const two = appended(one, 2, '{"b":2}');
    expect(two).toEqual({ times: [1, 2], columns: { a: [1, null], b: [null, 2] } });
  });

  it('takes no notice of a body that is not JSON', () => {
    expect(appended(NO_SERIES, 1, 'hello')).toBe(NO_SERIES);
    expect(appended(NO_SERIES, 1, 'null')).toBe(NO_SERIES);
  });

  it('forgets the oldest and keeps the columns level', () => {
    let series = NO_SERIES;
    for (let second = 0; second < SERIES_KEEPS + 5; second += 1)
      series = appended(series, second, `{"a":${second}}`);
    expect(series.times).toHaveLength(SERIES_KEEPS);
    expect(series.times[0]).toBe(5);
    expect(series.columns.a).toHaveLength(SERIES_KEEPS);
    expect(series.columns.a?.[0]).toBe(5);
  });

  it('stops at a number of lines that can be told apart', () => {
    const body = JSON.stringify(
      Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`k${index}`, index])),
    );
    expect(Object.keys(appended(NO_SERIES, 1, body).columns)).toHaveLength(COLUMNS_KEEP);
  });
});

describe('what arrives late', () => {
  it('stands where it was measured, not where it arrived', () => {
    const arrivals = [
      [10, 1],
      [14, 5],
      [11, 2],
      [12, 3],
      [13, 4],
    ] as const;
    const series = arrivals.reduce((all, [at, a]) => appended(all, at, `{"a":${a}}`), NO_SERIES);
    expect(series).toEqual({ times: [10, 11, 12, 13, 14], columns: { a: [1, 2, 3, 4, 5] } });
  });
});
