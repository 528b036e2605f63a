import { describe, expect, it } from 'vitest';
import { languageOf, TEXTS } from './text.js';

/** Every path of a text tree, with a call for each text that takes a word. */
function paths(tree: object, prefix = ''): string[] {
  return Object.entries(tree).flatMap(([key, value]) =>
    typeof value === 'object' && value !== null
      ? paths(value, `${prefix}${key}.`)
      : [`${prefix}${key}:${typeof value}`],
  );
}

describe('texts', () => {
  it('are the same set in both languages', () => {
    expect(paths(TEXTS.de).sort()).toEqual(paths(TEXTS.en).sort());
  });

  it('are never empty', () => {
    const empty = (tree: object): boolean =>
      Object.values(tree).some((v) => (typeof v === 'object' ? empty(v) : v === ''));
    expect(empty(TEXTS.en) || empty(TEXTS.de)).toBe(false);
  });
});

describe('languageOf', () => {
  it('takes the first language that the page speaks', () => {
    expect(languageOf(['fr-FR', 'de-AT', 'en'])).toBe('de');
    expect(languageOf(['en-GB', 'de'])).toBe('en');
  });
  it('falls back to English', () => {
    expect(languageOf([])).toBe('en');
    expect(languageOf(['ja'])).toBe('en');
  });
});
