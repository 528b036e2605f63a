/**
 * The list of steps of one command: numbers them, says what runs and how long it took.
 * Each command makes one list; a step is a title and a function that may return a short note.
 */

/** @typedef {{ title: string, body: () => Promise<string | void> }} Step */

/**
 * Runs steps in order; the first that throws ends the list.
 * @param {Step[]} steps
 */
export async function runSteps(steps) {
  const started = Date.now();
  for (const [index, step] of steps.entries()) {
    await runStep(step, index + 1, steps.length);
  }
  return secondsSince(started);
}

/**
 * @param {Step} step
 * @param {number} number
 * @param {number} total
 */
export async function runStep(step, number, total) {
  const label = `[${number}/${total}] ${step.title}`;
  console.log(label);
  const started = Date.now();
  const note = await step.body();
  console.log(`      ${note ?? 'done'} (${secondsSince(started)} s)`);
}

/** @param {number} started */
export function secondsSince(started) {
  return ((Date.now() - started) / 1000).toFixed(1);
}
