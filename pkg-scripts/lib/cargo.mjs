/** How the scripts call cargo: one place for flags that all steps must share, or crates build twice. */
import { run } from './run.mjs';

/** In CI the lock file must be complete; at a desk a new dependency may still be on its way into it. */
const LOCKED = process.env.CI ? ['--locked'] : [];

/**
 * @param {string[]} args the subcommand and its arguments
 * @param {import('./run.mjs').RunOptions} [options]
 */
export function cargo([subcommand, ...rest], options) {
  return run('cargo', [subcommand, ...LOCKED, ...rest], options);
}
