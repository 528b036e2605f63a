/**
 * Names of fields: what is misspelt is refused with the name that was meant. Used by `message.js`, `given.js` and
 * `client.js`.
 */
import { refuse } from './values.js';

/** @param {string} text */
export const words = (text) => new Set(text.split(' '));

/** Refuses a field that nobody reads. @param {object} given @param {Set<string>} known @param {string} what */
export function checkNames(given, known, what) {
  for (const name in given) {
    if (!known.has(name) && /** @type {any} */ (given)[name] !== undefined) {
      const near = nearest(name, known);
      refuse(`"${name}" is no field of ${what}${near ? `: did you mean "${near}"?` : ': see the types'}`);
    }
  }
}

/** The known name that begins most like one, or is a part of it. @param {string} name @param {Set<string>} known */
function nearest(name, known) {
  const given = name.toLowerCase();
  let [best, most] = ['', 1];
  for (const other of known) {
    const real = other.toLowerCase();
    let alike = given.includes(real) ? real.length : 0;
    while (alike < real.length && given[alike] === real[alike]) alike += 1;
    if (alike > most) [best, most] = [other, alike];
  }
  return best;
}
