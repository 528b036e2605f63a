/** Entry that loads nothing else, for Deno, Bun and whatever ships one file: the wasm is in the script. */
import { Client } from './client.js';
import { once } from './load.js';
import { unpacked } from './unpack.js';
import { initSync } from './wasm/iothub_wasm.js';
import packed from './wasm/iothub_wasm_packed.js';

export class DeviceClient extends Client {
  /** @override */
  static host = {
    load: once(async () => initSync({ module: await unpacked(packed) })),
    scope: () => (typeof document === 'object' ? globalThis : undefined),
  };
}

export { IotHubError } from './errors.js';
