/** `npm run setup`: makes a machine ready to build and test, and says what it found. */
import { runMain } from '../lib/failure.mjs';
import { setUpForTest } from '../lib/set-up.mjs';
import { runSteps } from '../lib/steps.mjs';

/** Entry of `pkg-scripts/setup`. */
export const main = () =>
  runMain(async () => {
    const seconds = await runSteps(setUpForTest());
    console.log(`\nready in ${seconds} s`);
  });
