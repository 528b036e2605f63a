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
  return WebAssembly.compile(await inflated(bytesOf(packed)));
}

/** By hand: a callback for each byte takes milliseconds more, and a first connection waits. @param {string} base64 */
function bytesOf(base64) {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at);
  return bytes;
}

/** Read piece by piece: a `Blob` or a `Response` on the way takes a page longer than the inflating. @param {Uint8Array<ArrayBuffer>} bytes */
async function inflated(bytes) {
  const { readable, writable } = new DecompressionStream('deflate-raw');
  const writer = writable.getWriter();
  // What goes wrong here shows up where it is read.
  writer.write(bytes).catch(() => {});
  writer.close().catch(() => {});
  const reader = readable.getReader();
  let whole = new Uint8Array(0);
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return whole;
    const longer = new Uint8Array(whole.length + value.length);
    longer.set(whole);
    longer.set(value, whole.length);
    whole = longer;
  }
}
