/** A module's functions are found with their names and sizes, behind what it imports. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { functionsOf, sectionsOf } from '../../pkg-scripts/lib/wasm-sections.mjs';

const text = (/** @type {string} */ value) => [value.length, ...Buffer.from(value)];
const section = (/** @type {number} */ id, /** @type {number[]} */ bytes) => [id, bytes.length, ...bytes];

const MODULE = Uint8Array.from([
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...section(1, [1, 0x60, 0, 0]),
  // A function, a memory with a maximum, a global and a table: only the first one counts as a function.
  ...section(2, [
    ...[4, ...text('m'), ...text('f'), 0, 0],
    ...[...text('m'), ...text('mem'), 2, 1, 1, 2],
    ...[...text('m'), ...text('g'), 3, 0x7f, 0],
    ...[...text('m'), ...text('t'), 1, 0x70, 0, 1],
  ]),
  ...section(3, [2, 0, 0]),
  ...section(10, [2, 2, 0, 0x0b, 3, 0, 0x01, 0x0b]),
  ...section(0, [...text('name'), 1, 17, 3, 0, ...text('imp'), 1, ...text('one'), 2, ...text('two2')]),
]);

test('functions have the names and sizes that the module says', () => {
  assert.ok(WebAssembly.validate(MODULE), 'the example is a module');
  const found = functionsOf(sectionsOf(MODULE)).map(({ name, bytes }) => [name, bytes.length]);
  assert.deepEqual(found, [
    ['one', 2],
    ['two2', 3],
  ]);
});

test('a module that ends too early is refused', () => {
  assert.throws(() => functionsOf(sectionsOf(MODULE.subarray(0, 9))), RangeError);
});
