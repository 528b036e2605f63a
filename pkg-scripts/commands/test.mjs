/**
 * `npm test`: sets up what is missing, runs every suite, ends with the runners' own summary lines
 * and one last line, the sum. `npm test -- native page` runs only the named suites.
 */
import { Failure, runMain } from '../lib/failure.mjs';
import { add, none, summarise, total } from '../lib/results.mjs';
import { LIMITS, setUpForTest } from '../lib/set-up.mjs';
import { runTasks, secondsSince } from '../lib/steps.mjs';
import { SUITES } from '../lib/suites.mjs';

/**
 * @typedef {import('../lib/suites.mjs').Suite} Suite
 * @typedef {import('../lib/results.mjs').Counts} Counts
 * @typedef {import('../lib/steps.mjs').Task} Task
 * @typedef {{ suite: Suite, counts: Counts, lines: string[] }} Result
 */

/** Entry of `pkg-scripts/test`. */
export const main = () =>
  runMain(async () => {
    const started = Date.now();
    const suites = selected(process.argv.slice(2));
    const found = /** @type {import('../lib/set-up.mjs').Found} */ ({});
    const setUp = setUpForTest(
      found,
      suites.flatMap(({ needs = [] }) => needs),
    );
    /** @type {Result[]} */
    const results = [];
    const known = new Set([...setUp, ...suites].map(({ name }) => name));
    const tasks = suites.map((suite) => taskOf(suite, known, found, results));
    await runTasks(inserted(setUp, tasks), LIMITS);
    printSummary(inOrder(results), started);
  });

/** @param {string[]} names */
function selected(names) {
  const unknown = names.filter((name) => !SUITES.some((suite) => suite.name === name));
  if (unknown.length > 0) {
    throw new Failure(`there is no suite ${unknown.join(', ')}`, {
      cure: `name some of ${SUITES.map((suite) => suite.name).join(', ')}, or none for all`,
    });
  }
  return names.length === 0 ? SUITES : SUITES.filter((suite) => names.includes(suite.name));
}

/**
 * A suite as a task that never fails: one run tells everything that is wrong.
 * @param {Suite} suite
 * @param {Set<string>} known what is in this run; what else a suite needs is taken as it lies there
 * @param {import('../lib/suites.mjs').Context} context filled by the set-up
 * @param {Result[]} results of those before
 * @returns {Task}
 */
function taskOf(suite, known, context, results) {
  const needs = (suite.needs ?? []).filter((name) => known.has(name));
  const body = async () => {
    const missing = needs.filter((name) =>
      results.some((done) => done.suite.name === name && done.counts.failed > 0),
    );
    const result = missing.length > 0 ? notRun(suite, missing) : await runSuite(suite, context);
    results.push(result);
    return `${result.counts.failed > 0 ? 'FAILED, ' : ''}${total(result.counts)}`;
  };
  return { ...suite, needs, body };
}

/**
 * Each step of the set-up just before the first suite that needs it: what stands first goes first where there is a
 * choice, and minutes of building a tool for one suite are better spent while others wait for each other.
 * @param {Task[]} setUp @param {Task[]} suites @returns {Task[]}
 */
function inserted(setUp, suites) {
  /** @type {Set<Task>} */
  const tasks = new Set();
  const add = (/** @type {Task} */ task) => {
    for (const step of setUp) if (task.needs?.includes(step.name)) add(step);
    tasks.add(task);
  };
  for (const suite of suites) add(suite);
  return [...tasks];
}

/** As the suites stand in their list. @param {Result[]} results */
function inOrder(results) {
  return [...results].sort((one, other) => SUITES.indexOf(one.suite) - SUITES.indexOf(other.suite));
}

/**
 * @param {Suite} suite
 * @param {import('../lib/suites.mjs').Context} context
 * @returns {Promise<Result>}
 */
async function runSuite(suite, context) {
  try {
    const answer = await suite.body(context);
    if (typeof answer === 'string')
      return { suite, counts: { passed: 1, failed: 0, skipped: 0 }, lines: [`${suite.title}: ${answer}`] };
    return counted(suite, answer);
  } catch (error) {
    console.error(error instanceof Failure ? error.report : error);
    return { suite, counts: { passed: 0, failed: 1, skipped: 0 }, lines: [`${suite.title}: failed`] };
  }
}

/**
 * @param {Suite} suite
 * @param {import('../lib/suites.mjs').Outcome} outcome
 * @returns {Result}
 */
function counted(suite, { code, output }) {
  const { counts, lines } = summarise(output);
  const silent = counts.passed + counts.failed + counts.skipped === 0;
  if ((code !== 0 && counts.failed === 0) || silent) {
    counts.failed += 1; // it did not compile, it crashed, or it found no test: none of them is a pass
    lines.push(`${suite.title}: ended with code ${code} after ${silent ? 'no test' : 'its tests'}`);
  }
  if (counts.failed > 0) console.error(output);
  return { suite, counts, lines };
}

/**
 * @param {Suite} suite
 * @param {string[]} missing
 * @returns {Result}
 */
function notRun(suite, missing) {
  const lines = [`${suite.title}: not run, because ${missing.join(' and ')} failed`];
  return { suite, counts: { passed: 0, failed: 1, skipped: 0 }, lines };
}

/**
 * @param {Result[]} results
 * @param {number} started
 */
function printSummary(results, started) {
  const sum = none();
  console.log(`\nSummary after ${secondsSince(started)} s`);
  for (const { suite, counts, lines } of results) {
    add(sum, counts);
    console.log(`\n${suite.title} (${suite.name})`);
    for (const line of lines) console.log(`  ${line}`);
  }
  if (sum.failed > 0) process.exitCode = 1;
  console.log(`\n${total(sum)}`);
}
