/** Entry of `iothub-wasm/hub` that loads nothing else, for Deno, Bun and whatever ships one file. */
import { once } from '../load.js';
import { unpacked } from '../unpack.js';
import { Hub } from './hub.js';
import * as wasm from './wasm/iothub_hub_wasm.js';
import packed from './wasm/iothub_hub_wasm_packed.js';

export class LocalHub extends Hub {
  /** @override */
  static host = { wasm, load: once(async () => wasm.initSync({ module: await unpacked(packed) })) };
}

export { HubError } from './answer.js';
