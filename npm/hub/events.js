/**
 * `hub.events()`: an async iterator over what happens, from a cursor of its own. A reader that is slow is told how
 * many it missed, and holds nothing back. Used by `hub.js`.
 */

/**
 * @typedef {{ events: [number, string, any][], missed: number, cursor: number }} Batch
 * @typedef {{ read(cursor: number): Batch | undefined, last(): number, readers: Set<() => void> }} Source
 */

/** @param {any} data @param {import('./index.js').EventOptions} options */
function wanted(data, { types, deviceId, moduleId }) {
  if (types !== undefined && !types.includes(data.type)) return false;
  if (deviceId !== undefined && data.deviceId !== deviceId) return false;
  return moduleId === undefined || data.moduleId === moduleId;
}

/** Resolves at the next news, or when the signal aborts. @param {Source} source @param {AbortSignal | undefined} signal */
function news(source, signal) {
  return new Promise((resolve) => {
    const wake = () => {
      source.readers.delete(wake);
      signal?.removeEventListener('abort', wake);
      resolve(undefined);
    };
    source.readers.add(wake);
    signal?.addEventListener('abort', wake);
  });
}

/** @param {Source} source @param {import('./index.js').EventOptions} options */
export function eventStream(source, options) {
  // Fixed now, not when the first event is asked for: nothing between is lost.
  let cursor = options.lastEventId ?? source.last();
  const ended = () => options.signal?.aborted ?? false;
  async function* stream() {
    while (!ended()) {
      const batch = source.read(cursor);
      if (batch === undefined) return;
      if (batch.missed > 0) yield { type: 'gap', missed: batch.missed };
      for (const [id, , data] of batch.events) {
        cursor = id;
        if (wanted(data, options)) yield data;
        if (ended()) return;
      }
      cursor = batch.cursor;
      if (batch.events.length === 0) await news(source, options.signal);
    }
  }
  return stream();
}
