/**
 * Wasm out of a string: deflated, in base64. For places that load nothing but JavaScript.
 * Called by the `inline.js` and `bundler.js` entries.
 */

/**
 * Written by the build beside each wasm file.
 * @param {string} packed
 * @returns {Promise<WebAssembly.Module>}
 */
export async function unpacked(packed) {
  const bytes = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
  const wasm = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return WebAssembly.compile(await new Response(wasm).arrayBuffer());
}
