/** The wasm memory that the clients of this process share, and the garbage collector. */
import v8 from 'node:v8';
import vm from 'node:vm';
import { DeviceClient } from '../../pkg/node.js';
import { initSync } from '../../pkg/wasm/iothub_wasm.js';

v8.setFlagsFromString('--expose-gc');
/** @type {() => void} */
export const gc = vm.runInNewContext('gc');

/** The bytes as they are now. @returns {Promise<Uint8Array>} */
export async function memory() {
  await /** @type {any} */ (DeviceClient).host.load();
  // Loaded already: it gives what there is. The export's name is a short one.
  const exported = Object.values(initSync(/** @type {any} */ (undefined)));
  const found = exported.find((one) => /** @type {unknown} */ (one) instanceof WebAssembly.Memory);
  return new Uint8Array(/** @type {any} */ (found).buffer);
}
