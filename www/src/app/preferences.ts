/** Appearance and language: read at the start, kept on this computer, carried to the document. Nothing else is kept. */
import { effect } from '@preact/signals';
import { LANGUAGES, languageOf, TEXTS } from '../text/text.js';
import type { PageState, Theme } from './state.js';
import type { Store } from './store.js';

const KEPT_AS = 'iothub-dashboard.preferences';
const THEMES: readonly Theme[] = ['system', 'light', 'dark'];

export function firstPreferences(): PageState {
  const kept = read();
  const language = kept.language !== undefined && kept.language in LANGUAGES ? kept.language : undefined;
  return {
    language: language ?? languageOf(navigator.languages),
    theme: THEMES.find((theme) => theme === kept.theme) ?? 'system',
  };
}

/** Keeps document and storage in step with the state, for the life of the page. */
export function applyPreferences(store: Store): void {
  effect(() => {
    const { language, theme } = store.page.value;
    document.documentElement.lang = language;
    document.documentElement.dataset.theme = theme;
    document.title = TEXTS[language].title;
    try {
      localStorage.setItem(KEPT_AS, JSON.stringify({ language, theme }));
    } catch {
      // Storage may be full or forbidden; the preference then lasts as long as the page.
    }
  });
}

function read(): Partial<PageState> {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(KEPT_AS) ?? '{}');
    return typeof kept === 'object' && kept !== null ? kept : {};
  } catch {
    return {};
  }
}
