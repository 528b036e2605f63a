/**
 * The desired properties as a device object has handled them: the section is stored with its version, so that what
 * changed while nobody was there, or what a handler failed on, is raised again as the difference. Handlers run one
 * after the other. Used by `durable-object.js` only.
 */
import { applied, difference, isEmpty } from './object-section.js';

const KEY = 'twin:desired';

/** @typedef {{ version: number, section: Record<string, unknown> }} State */
/** @typedef {(patch: Record<string, unknown>, version: number) => unknown} Raise */

export class Desired {
  #storage;
  #raise;
  #told;
  /** @type {State} All of it was handled. */
  #handled = { version: -1, section: {} };
  /** What the device knows. */
  #latest = this.#handled;
  /** The next event of this device holds everything. */
  #fresh = true;
  /** A handler failed: what is above `#handled` is raised again. */
  #behind = false;
  #queue = Promise.resolve();

  /** @param {any} storage @param {Raise} raise @param {Raise} handled told when the handler has succeeded */
  constructor(storage, raise, handled) {
    this.#storage = storage;
    this.#raise = raise;
    this.#told = handled;
  }

  /** The version up to which everything was handled. */
  get version() {
    return this.#handled.version;
  }

  /** Reads what an earlier life of the object left; called once, before anything else. */
  async restore() {
    /** @type {string | undefined} */
    const stored = await this.#storage.get(KEY);
    if (stored !== undefined) this.#handled = JSON.parse(stored);
    this.#latest = this.#handled;
  }

  /** A new device: its first event holds all there is. */
  begin() {
    this.#fresh = true;
  }

  /** A change has come. @param {Record<string, unknown>} patch @param {number} version */
  take(patch, version) {
    const whole = this.#fresh;
    this.#fresh = false;
    const state = { version, section: applied(whole ? {} : this.#latest.section, patch) };
    this.#latest = state;
    this.#later(() => (whole ? this.#catchUp(state) : this.#step(patch, state)));
  }

  /** Raises again what a handler failed on. */
  retry() {
    const state = this.#latest;
    if (this.#behind) this.#later(() => (this.#behind ? this.#catchUp(state) : Promise.resolve()));
  }

  /** @param {() => Promise<void>} work */
  #later(work) {
    this.#queue = this.#queue.then(work).catch((error) => console.error(error));
  }

  /** Everything between what was handled and `state`, as one change. @param {State} state */
  async #catchUp(state) {
    const patch = difference(this.#handled.section, state.section);
    const isNews = !isEmpty(patch);
    if (isNews && !(await this.#handle(patch, state.version))) return;
    this.#behind = false;
    // Unless it is stored already: each connection begins with the whole section.
    if (isNews || state.version !== this.#handled.version) await this.#store(state);
    if (isNews) this.#told(patch, state.version);
  }

  /** @param {Record<string, unknown>} patch @param {State} state */
  async #step(patch, state) {
    if (!(await this.#handle(patch, state.version))) return;
    if (!this.#behind) await this.#store(state);
    this.#told(patch, state.version);
  }

  /** @param {Record<string, unknown>} patch @param {number} version */
  async #handle(patch, version) {
    try {
      await this.#raise(structuredClone(patch), version); // it is the handler's own
    } catch (error) {
      this.#behind = true;
      console.error(`onDesired failed for version ${version}, its changes are raised again: ${error}`);
      return false;
    }
    return true;
  }

  /** @param {State} state */
  async #store(state) {
    this.#handled = state;
    await this.#storage.put(KEY, JSON.stringify(state));
  }
}
