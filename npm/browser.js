/** Entry for pages and web workers: the wasm is compiled while it is fetched. */
import { Client } from './client.js';
import { once } from './load.js';
import init from './wasm/iothub_wasm.js';

export class DeviceClient extends Client {
  /** @override */
  static host = {
    load: once(() => init({ module_or_path: new URL('./wasm/iothub_wasm_bg.wasm', import.meta.url) })),
    toFetch: true,
    scope: () => globalThis,
  };
}

export { IotHubError } from './errors.js';
