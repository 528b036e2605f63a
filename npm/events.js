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
  /** @type {Promise<unknown>[]} */
  #work = [];
  #open = true;
  /** Whether there was a listener. */
  heard = false;

  /** @param {import('./message.js').ReceivedMessage} message */
  constructor(message) {
    super('message');
    this.message = message;
  }

  /** @param {Promise<unknown> | unknown} work */
  waitUntil(work) {
    if (!this.#open) throw new DOMException('waitUntil is for the time of the event', 'InvalidStateError');
    this.#work.push(Promise.resolve(work));
  }

  /**
   * Runs one listener. A throw and a rejected promise both mean that the message was not handled.
   * @param {any} listener @param {EventTarget} target
   */
  run(listener, target) {
    this.heard = true;
    try {
      const returned =
        typeof listener === 'function' ? listener.call(target, this) : listener.handleEvent(this);
      if (typeof returned?.then === 'function') this.waitUntil(returned);
    } catch (error) {
      this.waitUntil(Promise.reject(error));
    }
  }

  /** All that the listeners wait for; called once, after they ran. */
  get work() {
    this.#open = false;
    return this.#work;
  }
}

export class DesiredEvent extends Event {
  /** @param {unknown} patch @param {number} version */
  constructor(patch, version) {
    super('desired');
    this.patch = patch;
    this.version = version;
  }
}

export class PacketEvent extends Event {
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
