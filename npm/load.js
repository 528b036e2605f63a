/**
 * Loads the wasm once per process, however many clients there are; a failed load is tried again by the next client.
 * Called by the entries.
 */

/**
 * @param {() => Promise<unknown>} load
 * @returns {() => Promise<unknown>}
 */
export function once(load) {
  /** @type {Promise<unknown> | undefined} */
  let loading;
  return () => {
    loading ??= load().catch((error) => {
      loading = undefined;
      throw error;
    });
    return loading;
  };
}

/**
 * The wasm beside the script, compiled while it is fetched. Only this much of the glue's own loading is needed in a page.
 * @param {URL} url
 */
export async function compiled(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${response.status} for ${url}`);
  // Elsewhere a browser refuses to compile it on the way.
  const isWasm = response.headers.get('Content-Type') === 'application/wasm';
  return isWasm ? WebAssembly.compileStreaming(response) : WebAssembly.compile(await response.arrayBuffer());
}
