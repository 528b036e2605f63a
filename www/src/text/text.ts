/**
 * Every word that the page shows, in each of its languages, in one place. Views take `useText()`; what the hub or the
 * client say themselves (reasons, problems) is shown as they say it.
 */
import { de } from './de.js';
import { en } from './en.js';

export type { Text } from './en.js';

export const TEXTS = { en, de };
export type Language = keyof typeof TEXTS;

/** Each language in its own name. */
export const LANGUAGES: Readonly<Record<Language, string>> = { en: 'English', de: 'Deutsch' };

/** The first of the browser's languages that the page speaks. */
export function languageOf(wanted: readonly string[]): Language {
  const found = wanted
    .map((tag) => tag.toLowerCase().split('-')[0])
    .find((tag) => tag === 'en' || tag === 'de');
  return found === 'de' ? 'de' : 'en';
}
