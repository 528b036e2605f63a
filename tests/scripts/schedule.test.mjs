import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { runSideBySide } from '../../pkg-scripts/lib/schedule.mjs';
import { setUpForTest } from '../../pkg-scripts/lib/set-up.mjs';
import { SUITES } from '../../pkg-scripts/lib/suites.mjs';

/** A task that ends when it is told to, and what has started so far. */
function bench() {
  /** @type {string[]} */
  const started = [];
  /** @type {Record<string, { end: () => void, fail: (error: Error) => void }>} */
  const running = {};
  const task = (
    /** @type {string} */ name,
    /** @type {{ needs?: string[], uses?: string[] }} */ more = {},
  ) => ({
    name,
    ...more,
    body: () => {
      started.push(name);
      return /** @type {Promise<void>} */ (
        new Promise((end, fail) => {
          running[name] = { end, fail };
        })
      );
    },
  });
  /** Ends a task, and lets the schedule notice. */
  const end = async (/** @type {string} */ name) => {
    running[name].end();
    await new Promise(setImmediate);
  };
  return { started, running, task, end };
}

test('a task starts when what it needs is done and what it uses is free', async () => {
  const { started, task, end } = bench();
  const tasks = [
    task('one', { uses: ['cargo'] }),
    task('two', { uses: ['cargo'] }),
    task('three'),
    task('four', { needs: ['one', 'three'] }),
  ];
  const all = runSideBySide(tasks, { cargo: 1 });
  assert.deepEqual(started, ['one', 'three']);
  await end('three');
  assert.deepEqual(started, ['one', 'three']);
  await end('one');
  assert.deepEqual(started, ['one', 'three', 'two', 'four']);
  await end('two');
  await end('four');
  await all;
});

test('the first failure ends it, and nothing more starts', async () => {
  const { started, running, task, end } = bench();
  const all = runSideBySide([task('one'), task('two'), task('three', { needs: ['two'] })], {});
  running.one.fail(new Error('no'));
  await assert.rejects(all, /no/);
  await end('two');
  assert.deepEqual(started, ['one', 'two']);
});

test('a need that comes later or never is a mistake', async () => {
  const { task } = bench();
  await assert.rejects(runSideBySide([task('one', { needs: ['two'] }), task('two')], {}), /one needs two/);
});

test('two tasks of one name are refused: the end of one would be taken for that of both', async () => {
  const { started, task } = bench();
  await assert.rejects(runSideBySide([task('browser'), task('browser')], {}), /two tasks are called browser/);
  assert.deepEqual(started, []);
});

test('a command whose work can never end is no success', () => {
  const file = new URL('../../pkg-scripts/lib/failure.mjs', import.meta.url).href;
  const script = `import { runMain } from '${file}'; runMain(() => new Promise(() => {}));`;
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  });
  assert.equal(status, 1);
  assert.match(stderr, /ended before its work did/);
});

test('the steps of a whole run have names of their own', () => {
  const names = [
    ...setUpForTest(
      {},
      SUITES.flatMap(({ needs = [] }) => needs),
    ),
    ...SUITES,
  ].map(({ name }) => name);
  assert.equal(new Set(names).size, names.length, names.join(' '));
});
