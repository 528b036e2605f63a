/** How views reach the store, the session and the words, without passing them through every layer. */
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { TEXTS, type Text } from '../text/text.js';
import type { Session } from './run.js';
import type { Store } from './store.js';

export interface Page {
  readonly store: Store;
  readonly session: Session;
}

export const PageContext = createContext<Page | null>(null);

export function usePage(): Page {
  const page = useContext(PageContext);
  if (page === null) throw new Error('a view was drawn outside the page');
  return page;
}

export function useText(): Text {
  return TEXTS[usePage().store.page.value.language];
}
