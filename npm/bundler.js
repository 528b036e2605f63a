/**
 * Entry for bundlers. One that is known to copy files beside the page (Vite, when it builds) gets the wasm as a file;
 * others leave such an address as it stands, and get the wasm in the script. Vite writes `true` for the condition and
 * drops the string; elsewhere it is false.
 */
import { Client } from './client.js';
import { compiled, once } from './load.js';
import { unpacked } from './unpack.js';
import { initSync } from './wasm/iothub_wasm.js';
import packed from './wasm/iothub_wasm_packed.js';

/** Whether the wasm is a file beside the page. */
// @ts-expect-error `env` is there only for the bundler
const isFile = import.meta.env?.PROD === true;

/** @returns {Promise<unknown>} */
async function load() {
  const module = isFile
    ? await compiled(new URL('./wasm/iothub_wasm_bg.wasm', import.meta.url))
    : await unpacked(packed);
  return initSync({ module });
}

export class DeviceClient extends Client {
  /** @override */
  static host = {
    load: once(load),
    toFetch: isFile,
    scope: () => globalThis,
  };
}

export { IotHubError } from './errors.js';
