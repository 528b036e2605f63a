/**
 * The events of a device. Made by `client.js`, typed in `index.d.ts`.
 */
import { readPacket } from './packet.js';

export class StatusEvent extends Event {
  /** @param {string} state @param {string} reason @param {string} detail @param {number | undefined} retryIn */
  constructor(state, reason, detail, retryIn) {
    super('status');
    this.state = state;
    this.reason = reason;
    this.detail = detail;
    this.retryIn = retryIn;
  }
}

export class DeviceMessageEvent extends Event {
  /** @type {Promise<void>[]} */
  #work = [];
  #open = true;
  /** @type {{ reason: unknown } | undefined} */
  #failed;
  /** Whether there was a listener. */
  heard = false;

  /** @param {import('./message.js').ReceivedMessage} message */
  constructor(message) {
    super('message');
    this.message = message;
  }

  /** @param {Promise<unknown> | unknown} work */
  waitUntil(work) {
    if (!this.#open)
      throw new DOMException(
        'waitUntil is for as long as a listener, or what it waits for, is at work',
        'InvalidStateError',
      );
    const fail = (/** @type {unknown} */ reason) => {
      this.#failed ??= { reason };
    };
    this.#work.push(Promise.resolve(work).then(() => {}, fail));
  }

  /** What went wrong, if anything, when all is done that the listeners wait for. Called once, after they ran. */
  async done() {
    // It may grow meanwhile.
    for (let at = 0; at < this.#work.length; at += 1) await this.#work[at];
    this.#open = false;
    return this.#failed;
  }
}

/**
 * Runs one listener, and lets its event know. For a message a throw and a rejected promise both mean that it was not
 * handled. An event that the application itself made is not one of these.
 * @param {any} event @param {any} listener @param {EventTarget} target
 */
export function heard(event, listener, target) {
  const run = () =>
    typeof listener === 'function' ? listener.call(target, event) : listener.handleEvent(event);
  event.heard = true;
  if (!(event instanceof DeviceMessageEvent)) return run();
  try {
    const returned = run();
    if (typeof returned?.then === 'function') event.waitUntil(returned);
  } catch (error) {
    event.waitUntil(Promise.reject(error));
  }
}

export class DesiredEvent extends Event {
  /** @param {unknown} patch @param {number} version @param {boolean} complete */
  constructor(patch, version, complete) {
    super('desired');
    this.patch = patch;
    this.version = version;
    this.complete = complete;
  }
}

export class PacketEvent extends Event {
  /** Whether there was a listener. */
  heard = false;

  /** @param {boolean} outgoing @param {Uint8Array} bytes */
  constructor(outgoing, bytes) {
    super('packet');
    this.outgoing = outgoing;
    this.bytes = bytes;
  }

  /** Read when asked for. */
  get packet() {
    return readPacket(this.bytes);
  }
}

export class HandlerErrorEvent extends Event {
  /** @param {unknown} error @param {'message' | 'method'} during */
  constructor(error, during) {
    super('handlererror');
    this.error = error;
    this.during = during;
  }
}
