/**
 * Installs Debian packages when something is missing and apt is there, as root or through sudo.
 * Called by the steps for the C compiler and the browser.
 */

import { Failure } from './failure.mjs';
import { ask, run } from './run.mjs';

let updated = false;

/**
 * @param {string[]} packages
 * @param {string} why what is missing
 */
export async function aptInstall(packages, why) {
  const names = packages.join(' ');
  const byHand = `install it by hand (Debian and Ubuntu: apt-get install ${names}) and run this again`;
  if (!(await ask('apt-get', ['--version'])))
    throw new Failure(`${why}, and this machine has no apt-get`, { cure: byHand });
  const sudo = await privilege();
  if (sudo === null)
    throw new Failure(`${why}, and apt-get needs root or a sudo without password`, { cure: byHand });
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (/** @type {string[]} */ ...args) => {
    const [command, ...rest] = [...sudo, 'apt-get', '-q', ...args];
    return run(command, rest, { env, cure: byHand });
  };
  if (!updated) await apt('update');
  updated = true;
  await apt('install', '-y', '--no-install-recommends', ...packages);
}

/** What to put before a command that needs root: nothing, sudo, or null when neither works. */
async function privilege() {
  if (process.getuid?.() === 0) return [];
  return (await ask('sudo', ['-n', 'true'])) === null
    ? null
    : ['sudo', '-n', '--preserve-env=DEBIAN_FRONTEND'];
}
