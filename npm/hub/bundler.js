/** Entry of `iothub-wasm/hub` for bundlers; `../bundler.js` says why it looks as it does. */
import { once } from '../load.js';
import { unpacked } from '../unpack.js';
import { Hub } from './hub.js';
import * as wasm from './wasm/iothub_hub_wasm.js';
import packed from './wasm/iothub_hub_wasm_packed.js';

/** @returns {Promise<unknown>} */
async function load() {
  // @ts-expect-error `env` is there only for the bundler
  if (import.meta.env?.PROD === true)
    return wasm.default({ module_or_path: new URL('./wasm/iothub_hub_wasm_bg.wasm', import.meta.url) });
  return wasm.initSync({ module: await unpacked(packed) });
}

export class LocalHub extends Hub {
  /** @override */
  static host = { wasm, load: once(load) };
}

export { HubError } from './answer.js';
