/**
 * Counts tests by the runners' own summary lines, and adds them up for the last line of `npm test`.
 * Understands `cargo test` and the wasm-bindgen runner, `node --test`, and vitest.
 */

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */
/** @typedef {{ counts: Counts, lines: string[] }} Summary */

const CARGO = /^test result: .*?(\d+) passed; (\d+) failed; (\d+) ignored/;
const NODE = /^(?:ℹ|#) (pass|fail|cancelled|skipped|todo) (\d+)$/;
/** A figure that a test wants to be seen with the result: `t.diagnostic('measured: …')`. */
const MEASURED = /^\s*(?:ℹ|#) (measured: .*)$/;
/** A test binary without tests, of which a workspace has many. */
const EMPTY = /^test result: ok\. 0 passed; 0 failed; 0 ignored/;
const VITEST = /^\s*Tests\s+(.*)\(\d+\)$/;

/**
 * @param {string} output what a runner printed
 * @returns {Summary} the lines that count something or tell a figure, as they stood, and the sum
 */
export function summarise(output) {
  const counts = none();
  const lines = [];
  for (const raw of output.split('\n')) {
    const line = plain(raw).trimEnd();
    const measured = line.match(MEASURED);
    if (measured) lines.push(measured[1]);
    const found = fromCargo(line) ?? fromNode(line) ?? fromVitest(line);
    if (!found) continue;
    add(counts, found);
    if (!EMPTY.test(line)) lines.push(line.trim());
  }
  return { counts, lines };
}

const NAMED = [/^test (\S+) \.\.\. FAILED$/, /^\s*✖ (.+?)(?: \([\d.]+ms\))?$/, /^\s*FAIL\s+(.+)$/];
const NODE_TITLE = 'failing tests:';

/**
 * The names of the tests that failed, each once; of a suite that is only a check, the suite.
 * @param {string} output what `npm test` printed
 */
export function failedTests(output) {
  /** @type {Set<string>} */
  const names = new Set();
  for (const raw of output.split('\n')) {
    const line = plain(raw).trimEnd();
    const name =
      NAMED.map((pattern) => line.match(pattern)?.[1]).find(Boolean) ?? line.match(/^ {2}(.+): failed$/)?.[1];
    if (name && name !== NODE_TITLE) names.add(name);
  }
  return [...names];
}

/** The sum that `npm test` ends with. @param {string} output */
export function lastLine(output) {
  return output.trimEnd().split('\n').at(-1) ?? '';
}

/** @returns {Counts} */
export function none() {
  return { passed: 0, failed: 0, skipped: 0 };
}

/**
 * @param {Counts} sum changed
 * @param {Counts} more
 */
export function add(sum, more) {
  sum.passed += more.passed;
  sum.failed += more.failed;
  sum.skipped += more.skipped;
}

/** @param {Counts} counts */
export function total({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/** @param {string} line */
function fromCargo(line) {
  const match = line.match(CARGO);
  return match && { passed: Number(match[1]), failed: Number(match[2]), skipped: Number(match[3]) };
}

/** @param {string} line */
function fromNode(line) {
  const match = line.match(NODE);
  if (!match) return null;
  const count = Number(match[2]);
  const [pass, fail] = [match[1] === 'pass', match[1] === 'fail' || match[1] === 'cancelled'];
  return { passed: pass ? count : 0, failed: fail ? count : 0, skipped: pass || fail ? 0 : count };
}

/** @param {string} line such as ` Tests  1 failed | 12 passed | 2 skipped (15)` */
function fromVitest(line) {
  const match = line.match(VITEST);
  if (!match) return null;
  const count = (/** @type {string} */ word) =>
    Number(match[1].match(new RegExp(`(\\d+) ${word}`))?.[1] ?? 0);
  return { passed: count('passed'), failed: count('failed'), skipped: count('skipped') + count('todo') };
}

/** Colour codes would hide a line's beginning. */
function plain(/** @type {string} */ text) {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what is looked for
  return text.replace(/\u001b\[[0-9;]*m/g, '');
}
