/** Times sorted into bins that double, because acknowledgements take anything from a millisecond to half a minute. */

export interface Bin {
  /** The bin holds what is shorter than this and not in the bin before. */
  readonly below: number;
  readonly count: number;
}

const LIMITS = [
  2,
  5,
  10,
  20,
  50,
  100,
  200,
  500,
  1_000,
  2_000,
  5_000,
  10_000,
  20_000,
  Number.POSITIVE_INFINITY,
];

export function binned(times: readonly number[]): readonly Bin[] {
  const counts = LIMITS.map(() => 0);
  for (const time of times) {
    const index = LIMITS.findIndex((limit) => time < limit);
    counts[index] = (counts[index] ?? 0) + 1;
  }
  return LIMITS.map((below, index) => ({ below, count: counts[index] ?? 0 }));
}
