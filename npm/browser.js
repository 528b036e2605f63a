/** Entry for pages and web workers: the wasm is compiled while it is fetched. */
import { Client } from './client.js';
import { compiled, once } from './load.js';
import { initSync } from './wasm/iothub_wasm.js';

export class DeviceClient extends Client {
  /** @override */
  static host = {
    load: once(async () => {
      const module = await compiled(new URL('./wasm/iothub_wasm_bg.wasm', import.meta.url));
      return initSync({ module });
    }),
    toFetch: true,
    scope: () => globalThis,
  };
}

export { IotHubError } from './errors.js';
