/**
 * The list of steps of one command: numbers them, says what runs and how long it took.
 * Each command makes one list; a step is a title and a function that may return a short note.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { runSideBySide } from './schedule.mjs';

/**
 * @typedef {object} Step
 * @property {string} title
 * @property {() => Promise<string | void>} body
 *
 * @typedef {Step & { name: string, needs?: string[], uses?: string[] }} Task a step that may run beside others
 */

/** The title of the step that speaks, where several run. */
const speaking = /** @type {AsyncLocalStorage<string>} */ (new AsyncLocalStorage());

/** Says something below the title of the step that runs. @param {string} text */
export function say(text) {
  const title = speaking.getStore();
  console.log(`      ${title === undefined ? '' : `${title}: `}${text}`);
}

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
 * Runs steps side by side where their needs allow it; the first that throws ends them all.
 * @param {Task[]} tasks
 * @param {Record<string, number>} limits
 */
export async function runTasks(tasks, limits) {
  const started = Date.now();
  let number = 0;
  const numbered = tasks.map((task) => ({
    ...task,
    body: () => speaking.run(task.title, () => runStep(task, ++number, tasks.length)),
  }));
  await runSideBySide(numbered, limits);
  return secondsSince(started);
}

/**
 * @param {Step} step
 * @param {number} number
 * @param {number} total
 */
export async function runStep(step, number, total) {
  console.log(`[${number}/${total}] ${step.title}`);
  const started = Date.now();
  const note = await step.body();
  say(`${note ?? 'done'} (${secondsSince(started)} s)`);
}

/** @param {number} started */
export function secondsSince(started) {
  return ((Date.now() - started) / 1000).toFixed(1);
}
