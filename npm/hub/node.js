/** Entry of `iothub-wasm/hub` for Node: the wasm is read from the package's own folder. */
import { readFile } from 'node:fs/promises';
import { once } from '../load.js';
import { Hub } from './hub.js';
import * as wasm from './wasm/iothub_hub_wasm.js';

export class LocalHub extends Hub {
  /** @override */
  static host = {
    wasm,
    load: once(async () => {
      const bytes = await readFile(new URL('./wasm/iothub_hub_wasm_bg.wasm', import.meta.url));
      return wasm.default({ module_or_path: await WebAssembly.compile(bytes) });
    }),
  };
}

export { HubError } from './answer.js';
