/**
 * Sends numbered messages at an even pace and says what became of each promise. The same code in Node and in a page.
 */

const TICK_MS = 10;
/** What became of a message: its place in the text that comes back. */
export const OPEN = '0';
export const RESOLVED = '1';
export const REJECTED = '2';

/** The body of a message: its number, and as many bytes as telemetry has. @param {number} number */
export const bodyOf = (number) => String(number).padEnd(100, ' ');

/**
 * @param {(number: number) => Promise<unknown>} send
 * @param {{ count: number, perSecond: number, settleMs: number }} pace
 * @returns {Promise<{ outcomes: string, errors: Record<string, number>, waits: number[], seconds: number }>}
 */
export async function sendNumbered(send, { count, perSecond, settleMs }) {
  /** @type {string[]} */
  const outcomes = Array(count).fill(OPEN);
  /** @type {Record<string, number>} */
  const errors = {};
  /** How long each resolved promise took, in milliseconds. @type {number[]} */
  const waits = [];
  let open = count;
  /** @type {() => void} */
  let allSettled = () => {};
  const settled = new Promise((resolve) => {
    allSettled = () => resolve(undefined);
  });
  const settle = (/** @type {number} */ number, /** @type {string} */ outcome) => {
    outcomes[number] = outcome;
    open -= 1;
    if (open === 0) allSettled();
  };
  const one = (/** @type {number} */ number) => {
    const begun = performance.now();
    return send(number).then(
      () => {
        waits.push(Math.round(performance.now() - begun));
        settle(number, RESOLVED);
      },
      (error) => {
        const word = String(error?.code ?? error?.message ?? error).slice(0, 60);
        errors[word] = (errors[word] ?? 0) + 1;
        settle(number, REJECTED);
      },
    );
  };
  const started = performance.now();
  for (let number = 0; number < count; ) {
    const due = Math.min(count, Math.floor(((performance.now() - started) / 1000) * perSecond));
    while (number < due) void one(number++);
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
  const patience = new Promise((resolve) => setTimeout(resolve, settleMs));
  await Promise.race([settled, patience]);
  return { outcomes: outcomes.join(''), errors, waits, seconds: (performance.now() - started) / 1000 };
}
