/**
 * What happens in a hub, as its users read it: `hub.events()` from a cursor of its own, `hub.eventsSoFar()`, and
 * `hub.waitFor()`. A reader that is slow is told how many it missed, and holds nothing back. Used by `hub.js`.
 */

/**
 * @typedef {{ events: [number, string, any][], missed: number, cursor: number }} Batch
 * @typedef {{ read(cursor: number): Batch | undefined, last(): number, readers: Set<() => void>, given: Set<number> }} Source
 */

/** How long `waitFor` waits, unless it is told. */
const WAIT = 5_000;

/** A message of a device. */
class TelemetryEvent {
  /** @type {string | undefined} */
  body;
  /** @type {string | undefined} */
  bodyBase64;

  /** The body as JSON; throws what `JSON.parse` throws. */
  json() {
    if (this.bodyBase64 === undefined) return JSON.parse(this.body ?? '');
    const bytes = Uint8Array.from(atob(this.bodyBase64), (character) => character.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes));
  }
}

/** @param {any} data as the hub tells it */
export function eventOf(data) {
  return data.type === 'telemetry' ? Object.assign(Object.create(TelemetryEvent.prototype), data) : data;
}

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

/**
 * Every wanted event with its id, from a cursor on; a gap has none.
 * @param {Source} source @param {number} cursor @param {import('./index.js').EventOptions} options
 * @returns {AsyncGenerator<[number, any], void, void>}
 */
async function* follow(source, cursor, options) {
  const ended = () => options.signal?.aborted ?? false;
  while (!ended()) {
    const batch = source.read(cursor);
    if (batch === undefined) return;
    if (batch.missed > 0) yield [0, { type: 'gap', missed: batch.missed }];
    for (const [id, , data] of batch.events) {
      cursor = id;
      if (wanted(data, options)) yield [id, eventOf(data)];
      if (ended()) return;
    }
    cursor = batch.cursor;
    if (batch.events.length === 0) await news(source, options.signal);
  }
}

/** @param {Source} source @param {import('./index.js').EventOptions} options */
export function eventStream(source, options) {
  // Fixed now, not when the first event is asked for: nothing between is lost.
  const cursor = options.lastEventId ?? source.last();
  async function* stream() {
    for await (const [, event] of follow(source, cursor, options)) yield event;
  }
  return stream();
}

/** Those that are kept. @param {Source} source @param {import('./index.js').EventOptions} options */
export function eventsSoFar(source, options) {
  const found = [];
  for (let cursor = options.lastEventId ?? 0; ; ) {
    const batch = source.read(cursor);
    if (batch === undefined || batch.events.length === 0) return found;
    for (const [, , data] of batch.events) if (wanted(data, options)) found.push(eventOf(data));
    cursor = batch.cursor;
  }
}

/**
 * The first event of a type that was not given yet, whether it has happened already or is to come.
 * @param {Source} source @param {import('./index.js').HubEvent['type']} type @param {import('./index.js').WaitOptions<any>} options
 */
export async function nextEvent(source, type, { where, timeout = WAIT, signal, lastEventId = 0, ...whose }) {
  const control = new AbortController();
  const stop = () => control.abort();
  signal?.addEventListener('abort', stop);
  const timer = setTimeout(stop, timeout);
  let others = 0;
  try {
    if (signal?.aborted) stop();
    const options = { ...whose, types: [type], signal: control.signal };
    for await (const [id, event] of follow(source, lastEventId, options)) {
      if (id === 0 || source.given.has(id)) continue;
      if (where?.(event) ?? true) {
        source.given.add(id);
        return event;
      }
      others += 1;
    }
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', stop);
  }
  if (signal?.aborted) throw signal.reason;
  const why = control.signal.aborted ? `within ${timeout} ms` : 'before the hub was closed';
  const but = others === 0 ? '' : ` (${others} of that type did not match)`;
  throw new Error(`No "${type}" event ${why}${but}`);
}
