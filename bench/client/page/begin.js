/**
 * What each contender's page does: connects as the page's `wire` says, notes when the hub accepted it, counted from
 * the navigation, and lets `chromium.mjs` drive it.
 */
import { measure } from '../drive.mjs';

/** @param {(wire: import('../wire.mjs').Wire) => Promise<import('../contenders.mjs').Client>} open */
export function begin(open) {
  const page = /** @type {any} */ (globalThis);
  const client = open(page.wire);
  page.accepted = client.then(() => performance.now());
  page.run = async (/** @type {string} */ way, /** @type {number} */ count) =>
    measure(await client, way, count, page.warm);
}
