/**
 * Contenders take turns: in each round every one of them does the same thing once, so that whatever else the
 * machine does hits all alike. What counts are medians, and ratios of one run. Used by both benches.
 */

/**
 * @template C
 * @param {object} plan
 * @param {string} plan.title
 * @param {number} plan.rounds
 * @param {Record<string, C>} plan.contenders by name
 * @param {(contender: C, round: number) => Promise<Record<string, number>>} plan.measure
 * @returns {Promise<Record<string, Record<string, number>>>} each contender's median of each figure
 */
export async function takeTurns({ title, rounds, contenders, measure }) {
  const names = Object.keys(contenders);
  /** @type {Record<string, Record<string, number>[]>} */
  const results = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    process.stderr.write(`      ${title}, round ${round + 1} of ${rounds}\n`);
    for (let turn = 0; turn < names.length; turn += 1) {
      // Another one begins each round.
      const name = names[(turn + round) % names.length];
      results[name].push(await measure(contenders[name], round));
    }
  }
  return Object.fromEntries(names.map((name) => [name, medians(results[name])]));
}

/** @param {Record<string, number>[]} rows */
function medians(rows) {
  const figures = Object.keys(rows[0] ?? {});
  return Object.fromEntries(figures.map((figure) => [figure, median(rows.map((row) => row[figure]))]));
}

/** @param {number[]} values */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
