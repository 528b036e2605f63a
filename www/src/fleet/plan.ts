/**
 * When each device of a fleet starts and sends, and what it measures. Pure and repeatable: a device's nature comes from
 * its number, so that fleets vary and yet two runs are alike.
 */

/** A start every so often: a hub takes some hundred connects a second, a real one a hundred. */
const STARTS_PER_SECOND = 100;

export interface Nature {
  /** Milliseconds after the fleet's start. */
  readonly startsAt: number;
  /** Milliseconds between two messages: a second, give or take a tenth. */
  readonly every: number;
  readonly level: number;
  readonly spread: number;
  readonly phase: number;
}

export function natureOf(index: number): Nature {
  const [one, two, three, four] = [0, 1, 2, 3].map((part) => scattered(index * 4 + part)) as [
    number,
    number,
    number,
    number,
  ];
  return {
    startsAt: (index * 1_000) / STARTS_PER_SECOND,
    every: 900 + 200 * one,
    level: 15 + 15 * two,
    spread: 1 + 4 * three,
    phase: 2 * Math.PI * four,
  };
}

/** What the device measures, `now` in milliseconds. */
export function measuredBy(nature: Nature, now: number): number {
  const value = nature.level + nature.spread * Math.sin(now / 10_000 + nature.phase);
  return Math.round(value * 10) / 10;
}

/** A number in [0, 1) that looks as if by chance and is always the same: a few rounds of mixing bits. */
function scattered(seed: number): number {
  let bits = (seed + 0x9e3779b9) | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x21f0aaad);
  bits = Math.imul(bits ^ (bits >>> 15), 0x735a2d97);
  return ((bits ^ (bits >>> 15)) >>> 0) / 2 ** 32;
}
