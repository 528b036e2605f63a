/**
 * The last minute at a glance: the state of the link as a band, packets up and down as marks. A press on a mark chooses
 * it. Everything in it is in the list below as text, so for those who hear the page it is one picture.
 */
import { useEffect, useState } from 'preact/hooks';
import { usePage, useText } from '../app/context.js';
import type { WireEntry } from '../wire/state.js';
import { markAt, TIMELINE_MS, timelineOf } from '../wire/timeline.js';

interface TimelineProps {
  readonly entries: readonly WireEntry[];
  readonly chosen: number | null;
  readonly choose: (key: number) => void;
  /** The list is paused: time stands still here too. */
  readonly paused: boolean;
}

const WIDTH = 1_000;
const BAND = { top: 0, height: 8 };
const UP = { top: 14, height: 18 };
const DOWN = { top: 36, height: 18 };
const HEIGHT = 54;
/** A finger is wider than a mark. */
const NEAR_PX = 12;

export function Timeline({ entries, chosen, choose, paused }: TimelineProps) {
  const { wire: words, device } = useText();
  const { state } = usePage().store.device.value.status;
  const end = useNow(paused, entries[0]?.at ?? 0);
  const { bands, marks } = timelineOf(entries, end);
  const press = (event: PointerEvent & { readonly currentTarget: SVGElement }) => {
    const place = event.currentTarget.getBoundingClientRect();
    const up = ((event.clientY - place.top) / place.height) * HEIGHT < DOWN.top - 2;
    const found = markAt(marks, (event.clientX - place.left) / place.width, up, NEAR_PX / place.width);
    if (found !== null) choose(found.key);
  };
  return (
    <figure class="timeline">
      <ul class="timeline-lanes" aria-hidden="true">
        <li>{words.lanes.link}</li>
        <li>{words.lanes.up}</li>
        <li>{words.lanes.down}</li>
      </ul>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        data-testid="timeline"
        aria-label={words.timeline(device.states[state], marks.length)}
        onPointerDown={press}
      >
        {bands.map(({ from, to, state: was, why }) => (
          <rect
            key={`${was} ${from}`}
            class={`band band-${was}`}
            x={from * WIDTH}
            y={BAND.top}
            width={(to - from) * WIDTH}
            height={BAND.height}
          >
            <title>{`${was} · ${why}`}</title>
          </rect>
        ))}
        {marks.map(({ key, at, up, kind, tone, says }) => (
          <rect
            key={key}
            class={`mark mark-${kind} tone-${tone} ${key === chosen ? 'mark-chosen' : ''}`}
            x={at * WIDTH - 2}
            y={(up ? UP : DOWN).top}
            width={key === chosen ? 6 : 4}
            height={UP.height}
          >
            <title>{says}</title>
          </rect>
        ))}
      </svg>
      <figcaption class="timeline-axis" aria-hidden="true">
        <span>{words.ago(TIMELINE_MS / 1_000)}</span>
        <span>{words.ago(TIMELINE_MS / 2_000)}</span>
        <span>{words.now}</span>
      </figcaption>
    </figure>
  );
}

const STEPS_EVERY_MS = 1_000;

/** The right edge: now, in steps that cost nothing; never behind the newest line. */
function useNow(paused: boolean, newest: number): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (paused) return;
    const timer = setInterval(() => setNow(Date.now()), STEPS_EVERY_MS);
    return () => clearInterval(timer);
  }, [paused]);
  return Math.max(now, newest);
}
