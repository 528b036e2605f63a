/** Entry for Cloudflare workers, where wasm is imported as a module and never compiled from bytes. */
import { Client } from './client.js';
import { once } from './load.js';
import * as wasm from './wasm/iothub_wasm.js';
import module from './wasm/iothub_wasm_bg.wasm';

export class DeviceClient extends Client {
  /** @override */
  static host = {
    wasm,
    load: once(async () => wasm.initSync({ module })),
    scope: () => undefined,
  };
}

export { IotHubError } from './errors.js';
