/** Entry for Cloudflare workers, where wasm is imported as a module and never compiled from bytes. */
import { Client } from './client.js';
import { once } from './load.js';
import * as wasm from './wasm/iothub_wasm.js';
import module from './wasm/iothub_wasm_bg.wasm';

/**
 * In a Durable Object what is sent waits for the output gate, and workerd keeps a view of the caller's bytes, not a
 * copy: those of wasm memory are others by then.
 */
class CopyingSocket extends WebSocket {
  /** @override @param {Uint8Array<ArrayBuffer>} bytes */
  send(bytes) {
    super.send(bytes.slice());
  }
}

export class DeviceClient extends Client {
  /** @override */
  static host = {
    wasm,
    load: once(async () => wasm.initSync({ module })),
    scope: () => undefined,
    WebSocket: CopyingSocket,
  };
}

export { IotHubError } from './errors.js';
