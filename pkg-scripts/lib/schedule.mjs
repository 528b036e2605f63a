/**
 * Runs tasks side by side: each when those it needs are done and what it uses is free. Called by `start` and `test`,
 * where some steps compute and others wait. `steps.mjs` says what runs; this decides when.
 */

/**
 * @typedef {object} Task
 * @property {string} name
 * @property {string[]} [needs] names of tasks that must be done before
 * @property {string[]} [uses] of the limits; a task without is bound by nothing
 * @property {() => Promise<void>} body
 */

/**
 * Runs all tasks; what stands first in the list goes first where there is a choice. Rejects with the first failure,
 * and starts nothing more.
 * @param {Task[]} tasks
 * @param {Record<string, number>} limits how many tasks may use a thing at once
 */
export async function runSideBySide(tasks, limits) {
  checkNeeds(tasks);
  const waiting = [...tasks];
  /** @type {Set<string>} */
  const done = new Set();
  /** @type {Map<string, Promise<string>>} */
  const running = new Map();
  /** @type {Record<string, number>} */
  const inUse = {};
  const isFree = (/** @type {string} */ thing) => (inUse[thing] ?? 0) < (limits[thing] ?? 1);
  const mayStart = (/** @type {Task} */ { needs = [], uses = [] }) =>
    needs.every((name) => done.has(name)) && uses.every(isFree);
  const use = (/** @type {Task} */ { uses = [] }, /** @type {number} */ change) => {
    for (const thing of uses) inUse[thing] = (inUse[thing] ?? 0) + change;
  };
  const start = async (/** @type {Task} */ task) => {
    use(task, 1);
    await task.body();
    use(task, -1);
    return task.name;
  };
  while (done.size < tasks.length) {
    for (let next = waiting.find(mayStart); next !== undefined; next = waiting.find(mayStart)) {
      waiting.splice(waiting.indexOf(next), 1);
      running.set(next.name, start(next));
    }
    const name = await Promise.race(running.values());
    running.delete(name);
    done.add(name);
  }
}

/** A need that no task before it meets would wait for ever, and so would two tasks of one name. @param {Task[]} tasks */
function checkNeeds(tasks) {
  const known = new Set();
  for (const { name, needs = [] } of tasks) {
    const missing = needs.filter((need) => !known.has(need));
    if (missing.length > 0)
      throw new Error(`${name} needs ${missing.join(' and ')}, which come after it or never`);
    if (known.has(name)) throw new Error(`two tasks are called ${name}`);
    known.add(name);
  }
}
