/**
 * How long something took beside the time for which it only stood in the queue for a processor: a limit in seconds
 * that holds on a busy machine too. Linux tells that time of each process; where nobody does, everything counts.
 */
import fs from 'node:fs';

/**
 * @template T
 * @param {() => number[] | Promise<number[]>} processes whose waiting does not count, asked before and after
 * @param {() => Promise<T>} body
 * @returns {Promise<{ took: number, queued: number, result: T }>} milliseconds; `took` is without `queued`
 */
export async function measureBesideQueue(processes, body) {
  const before = new Map((await processes()).map((pid) => [pid, queuedMs(pid)]));
  const started = performance.now();
  const result = await body();
  const whole = performance.now() - started;
  let queued = 0;
  for (const pid of await processes()) queued += queuedMs(pid) - (before.get(pid) ?? 0);
  return { took: whole - queued, queued, result };
}

/** The processes of a browser. @param {import('playwright-core').Browser} browser */
export async function processesOf(browser) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  return processInfo.map(({ id }) => id);
}

/** Of a process' main thread, since it began. @param {number} pid */
function queuedMs(pid) {
  try {
    const [, waiting] = fs.readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ');
    return Number(waiting) / 1e6;
  } catch {
    return 0;
  }
}
