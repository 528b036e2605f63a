/** `npm run setup`: makes a machine ready to build and test, and says what it found. */
import { runMain } from '../lib/failure.mjs';
import { LIMITS, setUpForTest } from '../lib/set-up.mjs';
import { runTasks } from '../lib/steps.mjs';

/** Entry of `pkg-scripts/setup`. */
export const main = () =>
  runMain(async () => {
    const seconds = await runTasks(setUpForTest({}), LIMITS);
    console.log(`\nready in ${seconds} s`);
  });
