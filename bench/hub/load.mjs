/**
 * Calls `iothub-bench` for one measurement and reads its line. Used by the hub's bench.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

const DEADLINE_MS = 180_000;

/**
 * @param {string} program
 * @param {string[]} args
 * @returns {Promise<Record<string, number>>}
 */
export async function measureOnce(program, args) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: DEADLINE_MS });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    err += text;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`iothub-bench ${args.join(' ')} ended with ${code}: ${err.trim()}`);
  return JSON.parse(out);
}

/**
 * The arguments that name a contender.
 * @param {import('./contenders.mjs').Contender} contender
 */
export const at = (contender) => ['--address', contender.address, '--pid', String(contender.pid)];

/**
 * Readers of a hub's events while something is measured.
 * @template T
 * @param {string} program
 * @param {import('./contenders.mjs').Contender} hub
 * @param {{ slow: number, fast: number }} count
 * @param {() => Promise<T>} body
 */
export async function withReaders(program, hub, { slow, fast }, body) {
  if (slow + fast === 0) return body();
  const args = ['readers', '--address', hub.address, '--slow', String(slow), '--fast', String(fast)];
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(child.stdout, 'data', { signal: AbortSignal.timeout(DEADLINE_MS) });
  try {
    return await body();
  } finally {
    const gone = once(child, 'close');
    child.stdin.end();
    child.stdout.resume();
    await gone;
  }
}
