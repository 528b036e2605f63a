/**
 * Work for later turns of the event loop, in order: what a network would deliver. Microtasks would do it within the
 * same turn, and a page that sends in a loop would never draw again. Used by `hub.js`.
 */

/** As it is when this is loaded, before a test's fake timers take its place. */
const realImmediate = globalThis.setImmediate;

/**
 * Fake timers run it in its place among the time-outs, when the test advances them; and in any case it runs in the next
 * real turn, so that what is sent arrives although nobody advances them.
 * @param {() => void} run
 */
function immediately(run) {
  setImmediate(run);
  if (setImmediate !== realImmediate) realImmediate?.(run);
}

/** Calls back in another turn, without the four milliseconds that nested timers take. */
function scheduler() {
  if (typeof setImmediate === 'function') return immediately;
  if (typeof MessageChannel !== 'function') return (/** @type {() => void} */ run) => void setTimeout(run, 0);
  const { port1, port2 } = new MessageChannel();
  /** @type {(() => void)[]} */
  const waiting = [];
  port1.onmessage = () => waiting.shift()?.();
  return (/** @type {() => void} */ run) => {
    waiting.push(run);
    port2.postMessage(undefined);
  };
}

/** @type {((run: () => void) => void) | undefined} Made when first wanted: nothing happens at import. */
let schedule;

export class Tasks {
  /** @type {(() => void)[]} */
  #waiting = [];

  /** @param {() => void} task */
  add(task) {
    if (this.#waiting.push(task) > 1) return;
    schedule ??= scheduler();
    schedule(() => this.#run());
  }

  #run() {
    const tasks = this.#waiting;
    this.#waiting = [];
    for (const task of tasks) {
      try {
        task();
      } catch (error) {
        if (typeof reportError === 'function') reportError(error);
        else console.error(error);
      }
    }
  }
}
