/**
 * Installs Debian packages when something is missing and apt is there, as root or through sudo.
 * Called by the steps for the C compiler and the browser.
 */

import { Failure } from './failure.mjs';
import { ask, run } from './run.mjs';
import { say } from './steps.mjs';

/** How long another installation may take: a machine that has just booted updates itself. */
const PATIENCE_MS = 15 * 60_000;
const AGAIN_MS = 2_000;

/** apt itself waits for a lock so long, and says nothing that a user sees; not for that of the lists (`update`). */
const WAIT = ['-o', 'DPkg::Lock::Timeout=5'];

/** apt speaks the language of its user; the files that it names are the same in all. */
const LOCKED = /\/var\/lib\/apt\/lists\/lock|\/var\/lib\/dpkg\/lock|\/var\/cache\/apt\/archives\/lock/;

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
  const apt = (/** @type {string[]} */ ...args) => runPatiently([...sudo, 'apt-get', '-q', ...args], byHand);
  if (!updated) await apt('update');
  updated = true;
  await apt('install', '-y', '--no-install-recommends', ...packages);
}

/**
 * Runs apt-get, again and again while another installation keeps it out, and says so.
 * @param {string[]} command @param {string} cure @param {{ patience?: number, again?: number }} [times] in milliseconds
 */
export async function runPatiently(
  [command, ...args],
  cure,
  { patience = PATIENCE_MS, again = AGAIN_MS } = {},
) {
  const started = Date.now();
  const title = [command, ...args].join(' ');
  for (let told = false; ; told = true) {
    const { code, output } = await run(command, [...args, ...WAIT], {
      env: { DEBIAN_FRONTEND: 'noninteractive' },
      allowFailure: true,
    });
    if (code === 0) return;
    const locked = LOCKED.test(output);
    if (!locked) throw new Failure(`\`${title}\` ended with code ${code}`, { evidence: output, cure });
    if (Date.now() - started > patience) {
      const minutes = Math.round(patience / 60_000);
      throw new Failure(`\`${title}\`: another installation has kept apt busy for ${minutes} min`, {
        evidence: output,
        cure,
      });
    }
    if (!told) say('apt is busy with another installation; waiting for it');
    await new Promise((resolve) => setTimeout(resolve, again));
  }
}

/** What to put before a command that needs root: nothing, sudo, or null when neither works. */
async function privilege() {
  if (process.getuid?.() === 0) return [];
  return (await ask('sudo', ['-n', 'true'])) === null
    ? null
    : ['sudo', '-n', '--preserve-env=DEBIAN_FRONTEND'];
}
