/** What went over the wire and what both ends said about it: one list in the order of time, for the panel below. */
import type { Packet } from './packet.js';
import type { TopicParts } from './topic.js';

/** Who is speaking: a packet from the device, a packet from the hub, the client itself, the hub itself. */
export type WireSide = 'out' | 'in' | 'client' | 'hub';

/** What it belongs to; the panel filters by these. */
export type WireKind = 'link' | 'telemetry' | 'c2d' | 'twin' | 'method' | 'ping';

export const WIRE_KINDS: readonly WireKind[] = ['link', 'telemetry', 'c2d', 'twin', 'method', 'ping'];

export type WireTone = 'plain' | 'good' | 'bad';

export interface WireEntry {
  readonly key: number;
  /** Wall clock, milliseconds. */
  readonly at: number;
  readonly side: WireSide;
  readonly kind: WireKind;
  readonly tone: WireTone;
  /** Short, in the protocol's words: `PUBLISH`, `connected`, `taken-over`. */
  readonly title: string;
  readonly summary: string;
  readonly packet: {
    readonly bytes: Uint8Array;
    readonly read: Packet;
    readonly topic: TopicParts | null;
  } | null;
  /** What a hub event carries, for the inspector. */
  readonly detail: Readonly<Record<string, unknown>> | null;
  /** The tag of the answer that this asks for, and of the question that this answers. */
  readonly awaits: string | null;
  readonly answers: string | null;
  /** The key of the other half, once both are there, and how long it took. */
  readonly partner: number | null;
  readonly tookMs: number | null;
}

export interface WireState {
  /** Newest first, bounded. */
  readonly entries: readonly WireEntry[];
  readonly next: number;
}

export const WIRE_KEEPS = 400;
/** How many of them may be telemetry. */
export const TELEMETRY_LINES = 160;

export function firstWire(): WireState {
  return { entries: [], next: 1 };
}
