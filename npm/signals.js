/** The signals that a client's calls were given, and the waits that they end. Used by `client.js`. */
import { IotHubError } from './errors.js';

/** A longer time would be none to a timer. */
const LONGEST = 0x7fffffff;

/** One listener for each signal, however many calls have it: hosts warn of more than ten. */
export class Signals {
  #abort;
  /** @type {Map<number, AbortSignal>} */
  #signals = new Map();
  /** @type {Map<AbortSignal, { ops: Set<number>, leave: () => void }>} */
  #heeded = new Map();

  /** @param {(ops: Iterable<number>) => void} abort these calls have been given up */
  constructor(abort) {
    this.#abort = abort;
  }

  /** @param {number} op @param {AbortSignal} signal */
  heed(op, signal) {
    let heeded = this.#heeded.get(signal);
    if (heeded === undefined) {
      /** @type {Set<number>} */
      const ops = new Set();
      const abort = () => this.#abort(ops);
      signal.addEventListener('abort', abort);
      heeded = { ops, leave: () => signal.removeEventListener('abort', abort) };
      this.#heeded.set(signal, heeded);
    }
    heeded.ops.add(op);
    this.#signals.set(op, signal);
  }

  /** The signal of a call that has ended, if it had one. @param {number} op */
  take(op) {
    if (this.#signals.size === 0) return undefined;
    const signal = this.#signals.get(op);
    const heeded = signal && this.#heeded.get(signal);
    if (!heeded) return undefined;
    this.#signals.delete(op);
    heeded.ops.delete(op);
    if (heeded.ops.size === 0) {
      heeded.leave();
      this.#heeded.delete(signal);
    }
    return signal;
  }

  /** Lets go of all. */
  clear() {
    for (const { leave } of this.#heeded.values()) leave();
    this.#heeded.clear();
    this.#signals.clear();
  }
}

/** @param {AbortSignal} signal */
export function aborted(signal) {
  return new IotHubError('aborted', 'the call was aborted by its signal before it began', {
    cause: signal.reason,
  });
}

/**
 * Waits for the wasm, unless the signal or the time-out ends the wait.
 * @param {Promise<unknown>} loading @param {AbortSignal | undefined} signal @param {number} ms
 */
export async function loaded(loading, signal, ms) {
  /** @type {any} */
  let timer;
  let abort = () => {};
  const ended = new Promise((_, reject) => {
    abort = () => reject(aborted(/** @type {AbortSignal} */ (signal)));
    signal?.addEventListener('abort', abort);
    const text = 'the wasm of iothub-wasm was not loaded within the time-out of connect';
    const late = () => reject(new IotHubError('timeout', text, { retryable: true }));
    if (ms <= LONGEST) timer = setTimeout(late, ms);
  });
  try {
    await Promise.race([loading, ended]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}
