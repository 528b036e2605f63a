/** Entry of `iothub-wasm/hub` for pages and web workers: the wasm is compiled while it is fetched. */
import { once } from '../load.js';
import { Hub } from './hub.js';
import * as wasm from './wasm/iothub_hub_wasm.js';

export class LocalHub extends Hub {
  /** @override */
  static host = {
    wasm,
    load: once(() =>
      wasm.default({ module_or_path: new URL('./wasm/iothub_hub_wasm_bg.wasm', import.meta.url) }),
    ),
  };
}

export { HubError } from './answer.js';
