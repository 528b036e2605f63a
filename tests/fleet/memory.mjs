/** What a page holds, in bytes: its own heap and the client's wasm memory; and the browser's objects behind them. */

/** @typedef {{ heap: number, wasm: number, browser: number }} Held */

/** @param {import('playwright-core').Page} page @returns {Promise<Held>} */
export async function heldBytes(page) {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('HeapProfiler.enable');
  await cdp.send('HeapProfiler.collectGarbage');
  const usage = /** @type {Record<string, number>} */ (
    /** @type {unknown} */ (await cdp.send('Runtime.getHeapUsage'))
  );
  await cdp.detach();
  return { heap: usage.usedSize, wasm: await page.evaluate(wasmBytes), browser: usage.embedderHeapUsedSize };
}

/** In the page: the client's linear memory, which is none of the heaps. */
async function wasmBytes() {
  const glue = /** @type {any} */ (await import(/** @type {any} */ ('/pkg/wasm/iothub_wasm.js')));
  // What the module exports has short names, so the memory is known by its kind.
  for (const part of Object.values(glue.initSync())) {
    if (part instanceof WebAssembly.Memory) return part.buffer.byteLength;
  }
  throw new Error('the module exports no memory');
}
