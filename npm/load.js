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
