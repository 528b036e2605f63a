/** Entry for Cloudflare workers, where wasm is imported as a module and never compiled from bytes. */
import { Client } from './client.js';
import { once } from './load.js';
import { initSync } from './wasm/iothub_wasm.js';
import module from './wasm/iothub_wasm_bg.wasm';

/**
 * In a Durable Object what is sent waits for the output gate, and workerd keeps a view of the caller's bytes, not a
 * copy: those of wasm memory are others by then.
 * @param {WebSocket} socket
 */
function copying(socket) {
  const send = socket.send.bind(socket);
  socket.send = (bytes) => send(/** @type {Uint8Array<ArrayBuffer>} */ (bytes).slice());
  return socket;
}

export class DeviceClient extends Client {
  /** @override */
  static host = {
    load: once(async () => initSync({ module })),
    scope: () => undefined,
    opened: copying,
  };
}

export { IotHubError } from './errors.js';
