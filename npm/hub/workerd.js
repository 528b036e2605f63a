/** Entry of `iothub-wasm/hub` for Cloudflare workers, where wasm is imported as a module. */
import { once } from '../load.js';
import { Hub } from './hub.js';
import * as wasm from './wasm/iothub_hub_wasm.js';
import module from './wasm/iothub_hub_wasm_bg.wasm';

export class LocalHub extends Hub {
  /** @override */
  static host = { wasm, load: once(async () => wasm.initSync({ module })) };
}

export { HubError } from './answer.js';
