/** The bar above all: the name of the page, its appearance and its language. */

import { usePage, useText } from '../app/context.js';
import type { Theme } from '../app/state.js';
import { LANGUAGES, type Language } from '../text/text.js';
import { HubSwitch } from './hub-switch.js';
import { KeepMenu } from './keep-menu.js';
import { Choice } from './parts.js';

const THEMES: readonly Theme[] = ['system', 'light', 'dark'];

export function Header() {
  const { store } = usePage();
  const text = useText();
  const { theme, language } = store.page.value;
  const chooseLanguage = (event: { readonly currentTarget: HTMLSelectElement }) =>
    store.dispatch({ type: 'page/language', language: event.currentTarget.value as Language });
  return (
    <header class="bar">
      <h1>
        <img src="./icon.svg" alt="" width="28" height="28" />
        {text.title}
      </h1>
      <HubSwitch />
      <div class="bar-settings">
        <KeepMenu />
        <Choice
          label={text.theme.label}
          value={theme}
          options={THEMES.map((value) => ({ value, text: text.theme[value] }))}
          choose={(value) => store.dispatch({ type: 'page/theme', theme: value })}
        />
        <label class="select">
          <span class="unseen">{text.language.label}</span>
          <select value={language} onChange={chooseLanguage}>
            {Object.entries(LANGUAGES).map(([tag, name]) => (
              <option key={tag} value={tag} lang={tag}>
                {name}
              </option>
            ))}
          </select>
        </label>
      </div>
    </header>
  );
}
