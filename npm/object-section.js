/**
 * A section of a twin between two lives of a device object: what a patch makes of it, and the patch that leads from
 * one to another (RFC 7386, as the hub does). Used by `object-desired.js` and `object-reported.js`.
 */

/** @typedef {Record<string, unknown>} Section */

/** @param {unknown} value @returns {value is Section} */
function isObject(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Sets what a setter of `Object.prototype` would swallow, too. @param {Section} on @param {string} name @param {unknown} value */
function set(on, name, value) {
  Object.defineProperty(on, name, { value, enumerable: true, configurable: true, writable: true });
}

/** The section after a patch. @param {unknown} section @param {Section} patch @returns {Section} */
export function applied(section, patch) {
  const result = isObject(section) ? { ...section } : {};
  for (const [name, value] of Object.entries(patch)) {
    const before = Object.hasOwn(result, name) ? result[name] : undefined;
    if (value === null) delete result[name];
    else set(result, name, isObject(value) ? applied(before, value) : value);
  }
  return result;
}

/** The patch that leads from one section to another; without members when they are the same. @param {Section} before @param {Section} after */
export function difference(before, after) {
  /** @type {Section} */
  const patch = {};
  for (const name of Object.keys(before)) if (!Object.hasOwn(after, name)) set(patch, name, null);
  for (const [name, value] of Object.entries(after)) {
    const old = Object.hasOwn(before, name) ? before[name] : undefined;
    if (!isObject(value) || !isObject(old)) {
      if (!isSame(old, value)) set(patch, name, value);
      continue;
    }
    const inner = difference(old, value);
    if (!isEmpty(inner)) set(patch, name, inner);
  }
  return patch;
}

/** @param {Section} section */
export function isEmpty(section) {
  return Object.keys(section).length === 0;
}

/** Whether two JSON values are equal; the order of names does not count. @param {unknown} left @param {unknown} right @returns {boolean} */
function isSame(left, right) {
  if (isObject(left) && isObject(right)) return isEmpty(difference(left, right));
  if (!Array.isArray(left) || !Array.isArray(right)) return left === right;
  return left.length === right.length && left.every((item, at) => isSame(item, right[at]));
}
