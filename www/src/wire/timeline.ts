/**
 * The last minute of the wire as a picture: a band for each state of the link, and a mark for each packet on its way up
 * or down. Pure; the timeline above the list draws it and finds by it what was pressed.
 */
import type { WireEntry, WireKind, WireTone } from './state.js';

/** How far the picture reaches back. */
export const TIMELINE_MS = 60_000;

export interface Band {
  /** From where to where, as shares of the width. */
  readonly from: number;
  readonly to: number;
  readonly state: string;
  readonly why: string;
}

export interface Mark {
  readonly key: number;
  readonly at: number;
  readonly up: boolean;
  readonly kind: WireKind;
  readonly tone: WireTone;
  readonly says: string;
}

export interface Timeline {
  readonly bands: readonly Band[];
  readonly marks: readonly Mark[];
}

/** `entries` newest first; `end` is the right edge, wall clock. */
export function timelineOf(entries: readonly WireEntry[], end: number): Timeline {
  const start = end - TIMELINE_MS;
  const share = (at: number) => Math.min(1, Math.max(0, (at - start) / TIMELINE_MS));
  const states = entries.filter((entry) => entry.side === 'client' && entry.kind === 'link');
  const bands = states.map((entry, index) => ({
    from: share(entry.at),
    to: share(states[index - 1]?.at ?? end),
    state: entry.title,
    why: entry.summary,
  }));
  const marks = entries
    .filter((entry) => entry.packet !== null && entry.at > start && entry.at <= end)
    .map(({ key, at, side, kind, tone, title, summary }) => ({
      key,
      at: share(at),
      up: side === 'out',
      kind,
      tone,
      says: `${title} ${summary}`,
    }));
  return { bands: bands.filter(({ from, to }) => to > from), marks };
}

/** The mark nearest to a place, if one is near enough to be meant. */
export function markAt(marks: readonly Mark[], at: number, up: boolean, near: number): Mark | null {
  const distance = (mark: Mark) => Math.abs(mark.at - at);
  const [nearest] = marks
    .filter((mark) => mark.up === up && distance(mark) <= near)
    .toSorted((one, other) => distance(one) - distance(other));
  return nearest ?? null;
}
