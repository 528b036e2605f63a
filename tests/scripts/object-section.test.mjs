/** Sections of a twin as a device object keeps them: patches applied and found, as the hub's rules say. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applied, difference, isEmpty } from '../../npm/object-section.js';

/** The same numbers in every run. @param {number} state */
function generator(state) {
  return (/** @type {number} */ below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** @param {(below: number) => number} random @param {number} depth @returns {any} */
function section(random, depth) {
  const names = ['a', 'b', 'c', '__proto__', 'constructor'].filter(() => random(2) === 0);
  const values = [
    () => random(3),
    () => 'text',
    () => [random(2), { x: random(2) }],
    () => (depth > 0 ? section(random, depth - 1) : {}),
    () => (depth > 0 ? section(random, depth - 1) : true),
  ];
  // As the hub's text is read: `__proto__` is a name like any other.
  const fields = names.map((name) => `${JSON.stringify(name)}:${JSON.stringify(values[random(5)]?.())}`);
  return JSON.parse(`{${fields.join(',')}}`);
}

test('the difference of two sections, applied to the first, gives the second', () => {
  const random = generator(7);
  for (let round = 0; round < 2_000; round += 1) {
    const [before, after] = [section(random, 3), section(random, 3)];
    const patch = difference(before, after);
    const result = applied(before, patch);
    assert.ok(isEmpty(difference(result, after)) && isEmpty(difference(after, result)));
    assert.deepEqual(Object.keys(result).sort(), Object.keys(after).sort());
    assert.ok(isEmpty(difference(before, before)));
  }
});

test('a patch merges objects, removes by null, and replaces all else', () => {
  const before = { a: { b: 1, c: 2 }, d: [1, 2], e: 1 };
  const patch = { a: { b: null, f: { g: null } }, d: [3], e: { h: 1 }, i: null };
  assert.deepEqual(applied(before, patch), { a: { c: 2, f: {} }, d: [3], e: { h: 1 } });
  assert.deepEqual(before, { a: { b: 1, c: 2 }, d: [1, 2], e: 1 }, 'the section is left as it was');
});

test('the order of names is no difference, the order of a list is one', () => {
  assert.deepEqual(
    difference({ a: { b: 1, c: [{ d: 1, e: 2 }] } }, { a: { c: [{ e: 2, d: 1 }], b: 1 } }),
    {},
  );
  assert.deepEqual(difference({ a: [1, 2] }, { a: [2, 1] }), { a: [2, 1] });
});
