/** Below both sides: everything that crossed the wire and what both ends said, with a filter and the inspector. */
import { useState } from 'preact/hooks';
import { usePage, useText } from '../app/context.js';
import { WIRE_KINDS, type WireEntry, type WireKind } from '../wire/state.js';
import { Inspector } from './inspector.js';
import { Card, Empty } from './parts.js';
import { Timeline } from './timeline.js';
import { WireRow } from './wire-row.js';

export function WirePanel() {
  const { store } = usePage();
  const text = useText();
  const [hidden, setHidden] = useState<ReadonlySet<WireKind>>(new Set());
  const [search, setSearch] = useState('');
  const [held, setHeld] = useState<readonly WireEntry[] | null>(null);
  const [chosen, setChosen] = useState<number | null>(null);
  const live = store.wire.value.entries;
  const entries = held ?? live;
  const wanted = (entry: WireEntry) => !hidden.has(entry.kind) && contains(entry, search);
  const shown = entries.filter(wanted);
  // The band of the link needs every state, whatever else is hidden.
  const pictured = entries.filter((entry) => entry.side === 'client' || wanted(entry));
  const inspected =
    live.find((entry) => entry.key === chosen) ?? entries.find((entry) => entry.key === chosen);
  const actions = (
    <>
      <KindFilter hidden={hidden} change={setHidden} />
      <input
        type="search"
        class="search"
        aria-label={text.wire.search}
        placeholder={text.wire.search}
        value={search}
        onInput={(event) => setSearch(event.currentTarget.value)}
      />
      <button
        type="button"
        class="button"
        aria-pressed={held !== null}
        onClick={() => setHeld(held ? null : live)}
      >
        {held === null ? text.chart.pause : text.chart.resume}
      </button>
    </>
  );
  return (
    <Card title={text.wire.title} actions={actions} class="wire-card" id="wire">
      <Timeline entries={pictured} chosen={chosen} choose={setChosen} paused={held !== null} />
      <div class="wire-panel">
        {shown.length === 0 ? (
          <Empty>
            {entries.length === 0 ? text.wire.empty : text.wire.filtered}{' '}
            {entries.length > 0 && (
              <button
                type="button"
                class="button"
                onClick={() => {
                  setHidden(new Set());
                  setSearch('');
                }}
              >
                {text.wire.showAll}
              </button>
            )}
          </Empty>
        ) : (
          <ol class="wire-list" data-testid="wire" onKeyDown={moveFocus}>
            {shown.map((entry, index) => (
              <WireRow
                key={entry.key}
                entry={entry}
                chosen={entry.key === chosen}
                // One stop for the Tab key: the chosen line, or the newest. The arrow keys go on from there.
                stop={shown.some(({ key }) => key === chosen) ? entry.key === chosen : index === 0}
                choose={setChosen}
              />
            ))}
          </ol>
        )}
        <Inspector entry={inspected ?? null} choose={setChosen} />
      </div>
    </Card>
  );
}

/** Up and down walk through the list. */
function moveFocus(event: KeyboardEvent): void {
  const step = { ArrowDown: 'nextElementSibling', ArrowUp: 'previousElementSibling' } as const;
  const way = event.key === 'ArrowDown' || event.key === 'ArrowUp' ? step[event.key] : null;
  const line = event.target instanceof Element ? event.target.closest('li') : null;
  if (way === null || line === null) return;
  event.preventDefault();
  line[way]?.querySelector<HTMLElement>('button')?.focus();
}

function contains(entry: WireEntry, search: string): boolean {
  const wanted = search.trim().toLowerCase();
  if (wanted === '') return true;
  const topic = entry.packet?.read.topic ?? '';
  return `${entry.title} ${entry.summary} ${topic}`.toLowerCase().includes(wanted);
}

interface KindFilterProps {
  readonly hidden: ReadonlySet<WireKind>;
  readonly change: (hidden: ReadonlySet<WireKind>) => void;
}

function KindFilter({ hidden, change }: KindFilterProps) {
  const { wire } = useText();
  const toggle = (kind: WireKind) => {
    const next = new Set(hidden);
    if (!next.delete(kind)) next.add(kind);
    change(next);
  };
  return (
    <fieldset class="kinds">
      <legend class="unseen">{wire.show}</legend>
      {WIRE_KINDS.map((kind) => (
        <label key={kind} class={`kind kind-${kind}`}>
          <input type="checkbox" checked={!hidden.has(kind)} onChange={() => toggle(kind)} />
          <span>{wire.kinds[kind]}</span>
        </label>
      ))}
    </fieldset>
  );
}
