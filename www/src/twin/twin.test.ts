import { describe, expect, it } from 'vitest';
import { checkPatch } from './check.js';
import { compared } from './compare.js';
import { leaves, merged, withoutMeta } from './json.js';

describe('merged', () => {
  it('merges objects, removes by null, replaces the rest', () => {
    expect(
      merged({ a: { b: 1, c: 2 }, d: [1], e: 5 }, { a: { b: null, x: 3 }, d: [2], e: { y: 1 } }),
    ).toEqual({
      a: { c: 2, x: 3 },
      d: [2],
      e: { y: 1 },
    });
  });
  it('drops nulls inside a new object', () => {
    expect(merged({}, { a: { b: null, c: 1 } })).toEqual({ a: { c: 1 } });
  });
});

describe('leaves', () => {
  it('names each leaf by its path and keeps arrays whole', () => {
    expect([...leaves({ a: { b: 1, c: {} }, d: [1, 2] })]).toEqual([
      ['a.b', 1],
      ['a.c', {}],
      ['d', [1, 2]],
    ]);
  });
});

describe('withoutMeta', () => {
  it('takes away what the hub added', () => {
    expect(withoutMeta({ led: 'on', $version: 4, $metadata: {} })).toEqual({ led: 'on' });
  });
});

describe('compared', () => {
  it('tells a wish not seen from one not met', () => {
    const rows = compared(
      { led: 'on', relay: true, x: 1 },
      { relay: true, x: 1 },
      { relay: false, x: 1, uptime: 3 },
    );
    expect(rows.map(({ path, state }) => [path, state])).toEqual([
      ['led', 'unseen'],
      ['relay', 'unmet'],
      ['uptime', 'own'],
      ['x', 'met'],
    ]);
  });
  it('sees a removal that the device has not heard of', () => {
    expect(compared({}, { led: 'on' }, { led: 'on' })[0]).toMatchObject({ path: 'led', state: 'unseen' });
  });
});

describe('checkPatch', () => {
  it('takes a good patch, also one that removes', () => {
    expect(checkPatch('{"led":null,"a":{"b":[1]}}')).toEqual({
      patch: { led: null, a: { b: [1] } },
      finding: null,
    });
  });
  it.each([
    ['{', 'not-json'],
    ['[1]', 'not-object'],
    ['{}', 'empty'],
    ['{"a b":1}', 'key'],
    ['{"a":{"$b":1}}', 'key'],
    ['{"a.b":1}', 'key'],
    [`{"a":"${'x'.repeat(4_097)}"}`, 'long'],
    ['{"a":4503599627370496}', 'number'],
    [`${'{"a":'.repeat(11)}1${'}'.repeat(11)}`, 'depth'],
    [
      JSON.stringify(Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`k${i}`, 'x'.repeat(4_000)]))),
      'size',
    ],
  ])('refuses %.20s as %s', (text, kind) => {
    expect(checkPatch(text).finding?.kind).toBe(kind);
  });
  it('says where', () => {
    expect(checkPatch('{"a":{"b c":1}}').finding).toEqual({ kind: 'key', path: 'a.b c' });
  });
});
