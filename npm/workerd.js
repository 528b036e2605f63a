/** Entry for Cloudflare workers, where wasm is imported as a module and never compiled from bytes. */
import { Client } from './client.js';
import { once } from './load.js';
import { initSync } from './wasm/iothub_wasm.js';
import module from './wasm/iothub_wasm_bg.wasm';

export class DeviceClient extends Client {
  /** @override */
  static host = {
    load: once(async () => initSync({ module })),
    scope: () => undefined,
    // In a Durable Object what is sent waits for the output gate, and workerd keeps a view of it, not a copy.
    keeps: true,
  };
}

export { IotHubError } from './errors.js';
