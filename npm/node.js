/** Entry for Node: the wasm is read from the package's own folder. */
import { readFile } from 'node:fs/promises';
import { Client } from './client.js';
import { once } from './load.js';
import { initSync } from './wasm/iothub_wasm.js';

export class DeviceClient extends Client {
  /** @override */
  static host = {
    load: once(async () => {
      const bytes = await readFile(new URL('./wasm/iothub_wasm_bg.wasm', import.meta.url));
      // Not the function for everything: asking whether it has a Response makes Node load its whole fetch.
      return initSync({ module: await WebAssembly.compile(bytes) });
    }),
    scope: () => undefined,
  };
}

export { IotHubError } from './errors.js';
