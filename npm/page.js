/** What a page hears of the world: network back, tab visible, page shown or resumed. Used by `client.js`. */

/** As `Driver::signal` numbers them. */
const [WOKEN, VISIBLE, HIDDEN, OFFLINE] = [0, 1, 2, 3];

/**
 * Listens on a scope (`globalThis` of a page or worker) and on its document, if it has one. Gives how to stop.
 * @param {any} scope @param {(signal: number) => void} tell
 */
export function watchPage(scope, tell) {
  const { document } = scope;
  const listener = (/** @type {Event} */ { type }) => {
    if (type === 'visibilitychange') tell(document.visibilityState === 'visible' ? VISIBLE : HIDDEN);
    else tell(type === 'offline' ? OFFLINE : WOKEN);
  };
  const events = ['online', 'pageshow', 'offline'].map((name) => [scope, name]);
  if (document) for (const name of ['resume', 'visibilitychange']) events.push([document, name]);
  for (const [target, name] of events) target.addEventListener(name, listener);
  return () => {
    for (const [target, name] of events) target.removeEventListener(name, listener);
  };
}
