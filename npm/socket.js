/**
 * One WebSocket of a client: of the runtime's class, or of the one that an option named, which may do as it likes: keep
 * what it is handed, raise events within a call, throw. Made by `client.js`.
 */

/** How long to wait for the `close` behind an `error`, which has the code: some hosts raise none. */
const CLOSE_MS = 1_000;

/** The runtime's own `send` copies what it is handed before it returns. */
const NATIVE = /^function send\(\)\s*\{\s*\[native code\]\s*\}$/;

const ignore = () => {};

/**
 * What is told of a socket; nothing any more once it was closed.
 * @typedef {{ opened: () => void, bytes: (bytes: Uint8Array) => void, closed: (code: number, why: string) => void }} Told
 */

export class Socket {
  #socket;
  /** @type {Record<string, (event: any) => void>} */
  #listeners;
  /** @type {any} */
  #timer;
  /** Whether `send` may look at its bytes later: those of wasm memory are others by then. */
  #keeps;

  /** @param {any} socket @param {Told} told @param {boolean | undefined} keeps */
  constructor(socket, told, keeps) {
    this.#socket = socket;
    this.#keeps = keeps || !NATIVE.test(socket.send);
    let why = '';
    this.#listeners = {
      open: () => told.opened(),
      message: ({ data }) => {
        // No `instanceof`: it may be of another realm. A text frame has no length in bytes, and is no MQTT.
        if (data?.byteLength > 0)
          told.bytes(
            ArrayBuffer.isView(data)
              ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
              : new Uint8Array(data),
          );
      },
      error: ({ message, error }) => {
        why = message || error?.code || why;
        this.#timer ??= setTimeout(() => {
          this.close();
          told.closed(1006, why);
        }, CLOSE_MS);
      },
      close: ({ code, reason }) => {
        this.#leave();
        told.closed(code || 1006, reason || why);
      },
    };
    // A Blob would have to be read in another turn, and its order would be lost.
    socket.binaryType = 'arraybuffer';
    for (const name in this.#listeners) socket.addEventListener(name, this.#listeners[name]);
    // One that was dialled before the wasm was there, or opens at once, has raised its `open` already.
    if (socket.readyState === 1) told.opened();
  }

  /** Writes one frame. @param {Uint8Array} bytes */
  send(bytes) {
    try {
      this.#socket.send(this.#keeps ? bytes.slice() : bytes);
    } catch {
      // It has just closed: its `close` says the rest.
    }
  }

  get buffered() {
    return this.#socket.bufferedAmount;
  }

  /** Nothing is told of it any more. */
  close() {
    this.#leave();
    shut(this.#socket);
  }

  #leave() {
    clearTimeout(this.#timer);
    for (const name in this.#listeners) this.#socket.removeEventListener(name, this.#listeners[name]);
  }
}

/** Closes a socket that nobody listens to any more. @param {any} socket */
export function shut(socket) {
  try {
    // One of `ws` that is still opening raises an `error` now, which nobody hearing ends the process.
    socket.addEventListener('error', ignore);
    socket.close();
  } catch {
    // There is nothing left to close.
  }
}
