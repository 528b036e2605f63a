/**
 * `npm test`: sets up what is missing, runs every suite, ends with the runners' own summary lines
 * and one last line, the sum. `npm test -- native page` runs only the named suites.
 */
import { Failure, runMain } from '../lib/failure.mjs';
import { add, none, summarise, total } from '../lib/results.mjs';
import { setUpForTest } from '../lib/set-up.mjs';
import { runStep, secondsSince } from '../lib/steps.mjs';
import { SUITES } from '../lib/suites.mjs';

/**
 * @typedef {import('../lib/suites.mjs').Suite} Suite
 * @typedef {import('../lib/results.mjs').Counts} Counts
 * @typedef {{ suite: Suite, counts: Counts, lines: string[] }} Result
 */

/** Entry of `pkg-scripts/test`. */
export const main = () =>
  runMain(async () => {
    const started = Date.now();
    const suites = selected(process.argv.slice(2));
    /** @type {import('../lib/browser.mjs').Browser | undefined} */
    let browser;
    const setUp = setUpForTest((found) => {
      browser = found;
    });
    const steps = setUp.length + suites.length;
    for (const [index, step] of setUp.entries()) await runStep(step, index + 1, steps);
    if (!browser) throw new Failure('the set-up found no browser and said nothing');
    const results = await runSuites(suites, { browser }, setUp.length, steps);
    printSummary(results, started);
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
 * Runs every suite, also after a failure: one run tells everything that is wrong.
 * @param {Suite[]} suites
 * @param {import('../lib/suites.mjs').Context} context
 * @param {number} before steps already done
 * @param {number} steps
 */
async function runSuites(suites, context, before, steps) {
  /** @type {Result[]} */
  const results = [];
  for (const [index, suite] of suites.entries()) {
    const missing = (suite.needs ?? []).filter((name) =>
      results.some((done) => done.suite.name === name && done.counts.failed > 0),
    );
    const body = async () => {
      const result = missing.length > 0 ? notRun(suite, missing) : await runSuite(suite, context);
      results.push(result);
      return `${result.counts.failed > 0 ? 'FAILED, ' : ''}${total(result.counts)}`;
    };
    await runStep({ title: suite.title, body }, before + index + 1, steps);
  }
  return results;
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
