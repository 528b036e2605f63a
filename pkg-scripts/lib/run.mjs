/**
 * Runs child processes: quietly (output kept, shown on failure) with a deadline and signs of life.
 * Used by every step. A child is started in its own process group and ended by that group's id only.
 */
import { spawn } from 'node:child_process';
import { Failure } from './failure.mjs';
import { root } from './paths.mjs';
import { say } from './steps.mjs';

const HEARTBEAT_MS = 20_000;
const MINUTE = 60_000;

/**
 * @typedef {object} RunOptions
 * @property {string} [cwd]
 * @property {Record<string, string | undefined>} [env] added to the environment; undefined removes
 * @property {number} [deadline] milliseconds
 * @property {boolean} [allowFailure] hand the exit code back instead of throwing
 * @property {string} [cure] what to do when it fails
 *
 * @typedef {{ code: number, output: string }} Outcome
 */

/**
 * Runs a command to its end and returns what it printed (both streams, in order).
 * @param {string} command
 * @param {string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<Outcome>}
 */
export async function run(command, args, options = {}) {
  const deadline = options.deadline ?? 30 * MINUTE;
  const child = spawn(command, args, {
    cwd: options.cwd ?? root,
    env: childEnvironment(options.env),
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const outcome = await follow(child, [command, ...args].join(' '), deadline);
  if (outcome.code !== 0 && !options.allowFailure) {
    throw new Failure(`\`${[command, ...args].join(' ')}\` ended with code ${outcome.code}`, {
      evidence: outcome.output,
      cure: options.cure,
    });
  }
  return outcome;
}

/**
 * Runs a command that is expected to answer at once, and returns its trimmed output or null.
 * @param {string} command
 * @param {string[]} args
 * @param {RunOptions} [options]
 */
export async function ask(command, args, options = {}) {
  try {
    const { code, output } = await run(command, args, { deadline: MINUTE, ...options, allowFailure: true });
    return code === 0 ? output.trim() : null;
  } catch {
    return null; // not installed
  }
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {string} title
 * @param {number} deadline
 * @returns {Promise<Outcome>}
 */
function follow(child, title, deadline) {
  const started = Date.now();
  let output = '';
  let late = false;
  const keep = (/** @type {string} */ chunk) => {
    output += chunk;
  };
  child.stdout?.setEncoding('utf8').on('data', keep);
  child.stderr?.setEncoding('utf8').on('data', keep);
  const heartbeat = setInterval(() => signOfLife(started, output), HEARTBEAT_MS);
  const timer = setTimeout(() => {
    late = true;
    endGroup(child);
  }, deadline);
  const forget = endWithParent(child);
  return new Promise((resolve, reject) => {
    const settle = () => {
      clearInterval(heartbeat);
      clearTimeout(timer);
      forget();
    };
    child.on('error', (error) => {
      settle();
      reject(new Failure(`\`${title}\` could not be started: ${error.message}`));
    });
    child.on('close', (code, signal) => {
      settle();
      if (late) {
        const minutes = Math.round(deadline / MINUTE);
        reject(
          new Failure(`\`${title}\` did not end within ${minutes} min and was stopped`, { evidence: output }),
        );
      } else {
        resolve({ code: code ?? (signal ? 128 : 1), output });
      }
    });
  });
}

/**
 * A child in its own group outlives a Ctrl-C; end it with us.
 * @param {import('node:child_process').ChildProcess} child
 */
function endWithParent(child) {
  const end = () => endGroup(child);
  const interrupted = () => {
    endGroup(child);
    process.exit(130);
  };
  process.once('exit', end);
  process.once('SIGINT', interrupted);
  process.once('SIGTERM', interrupted);
  return () => {
    process.off('exit', end);
    process.off('SIGINT', interrupted);
    process.off('SIGTERM', interrupted);
  };
}

/**
 * Ends the child and what it started, by the id of the group we made for it.
 * @param {import('node:child_process').ChildProcess} child
 * @param {NodeJS.Signals} [signal]
 */
export function endGroup(child, signal = 'SIGTERM') {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error;
  }
}

/**
 * @param {number} started
 * @param {string} output
 */
function signOfLife(started, output) {
  const seconds = Math.round((Date.now() - started) / 1000);
  const last = output.trimEnd().split('\n').at(-1)?.trim().slice(0, 100) ?? '';
  say(`${seconds} s: ${last || 'working'}`);
}

function childEnvironment(extra = {}) {
  /** @type {NodeJS.ProcessEnv} */
  const env = { ...process.env, CARGO_TERM_COLOR: 'never', ...extra };
  for (const [name, value] of Object.entries(env)) if (value === undefined) delete env[name];
  return env;
}
