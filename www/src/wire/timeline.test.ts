import { describe, expect, it } from 'vitest';
import { packetDraft, statusDraft } from './entries.js';
import type { WireEntry } from './state.js';
import { markAt, timelineOf } from './timeline.js';

const END = 1_000_000;
const entry = (draft: ReturnType<typeof packetDraft>, key: number): WireEntry => ({
  ...draft,
  key,
  partner: null,
  tookMs: null,
});
const status = (state: 'connecting' | 'connected' | 'reconnecting', at: number) =>
  entry(statusDraft(at, { state, reason: `why ${state}`, detail: '', retryAt: null }), at);
const ping = (outgoing: boolean, at: number) =>
  entry(packetDraft(at, outgoing, Uint8Array.of(outgoing ? 0xc0 : 0xd0, 0)), at);

/** Newest first, as the state keeps them. */
const entries = [
  status('connected', END - 15_000),
  ping(false, END - 29_000),
  ping(true, END - 30_000),
  status('reconnecting', END - 30_000),
  ping(true, END - 61_000),
  status('connected', END - 90_000),
  status('connecting', END - 91_000),
];

describe('the timeline', () => {
  it('shows each state of the link for as long as it lasted, with its reason', () => {
    const { bands } = timelineOf(entries, END);
    expect(bands.map(({ state, from, to }) => [state, from, to])).toEqual([
      ['connected', 0.75, 1],
      ['reconnecting', 0.5, 0.75],
      ['connected', 0, 0.5],
    ]);
    expect(bands[1]?.why).toBe('why reconnecting');
  });
  it('marks each packet of the last minute on its way', () => {
    const { marks } = timelineOf(entries, END);
    expect(marks.map(({ up, at }) => [up, Math.round(at * 1_000)])).toEqual([
      [false, 517],
      [true, 500],
    ]);
  });
  it('finds the mark that was pressed, and none where none is near', () => {
    const { marks } = timelineOf(entries, END);
    expect(markAt(marks, 0.505, true, 0.02)?.says).toContain('PINGREQ');
    expect(markAt(marks, 0.505, false, 0.02)?.says).toContain('PINGRESP');
    expect(markAt(marks, 0.9, true, 0.02)).toBeNull();
  });
});
