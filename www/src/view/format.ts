/** Numbers and times as people read them, in the page's language. */
import type { Language } from '../text/text.js';

/** Hour, minute, second; tabular figures keep it from jumping. */
export function clockTime(at: number | string, language: Language): string {
  return new Date(at).toLocaleTimeString(language, {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  });
}

export function decimal(value: number, digits: number, language: Language): string {
  return value.toLocaleString(language, { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export function milliseconds(value: number | null, language: Language): string {
  if (value === null) return '–';
  return `${decimal(value, value < 10 ? 1 : 0, language)} ms`;
}
