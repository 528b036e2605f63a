/** One line of the wire: when, who, what, and how long its answer took. */

import { usePage, useText } from '../app/context.js';
import type { WireEntry, WireSide } from '../wire/state.js';
import { clockTime, milliseconds } from './format.js';
import { memo } from './memo.js';

interface WireRowProps {
  readonly entry: WireEntry;
  readonly chosen: boolean;
  readonly stop: boolean;
  readonly choose: (key: number) => void;
}

/** Device on the left, hub on the right: the arrow points the way the packet went. */
const ARROWS: Readonly<Record<WireSide, string>> = { out: '→', in: '←', client: '●', hub: '◆' };

export const WireRow = memo(({ entry, chosen, stop, choose }: WireRowProps) => {
  const text = useText();
  const { language } = usePage().store.page.value;
  return (
    <li>
      <button
        type="button"
        class={`wire-row tone-${entry.tone} kind-${entry.kind}`}
        aria-pressed={chosen}
        tabIndex={stop ? 0 : -1}
        onClick={() => choose(entry.key)}
      >
        <time>{clockTime(entry.at, language)}</time>
        <span class="wire-side" title={text.wire.sides[entry.side]}>
          <span aria-hidden="true">{ARROWS[entry.side]}</span>
          <span class="unseen">{text.wire.sides[entry.side]}</span>
        </span>
        <b class="wire-title">{entry.title}</b>
        <span class="wire-summary">{entry.summary}</span>
        {entry.tookMs !== null && entry.answers !== null && (
          <span class="wire-took">{milliseconds(entry.tookMs, language)}</span>
        )}
      </button>
    </li>
  );
});
