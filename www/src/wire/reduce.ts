/** How the wire's list grows: each packet, state and event becomes a line, and answers find their questions. Pure. */
import type { Action } from '../app/action.js';
import { type Draft, hubDraft, packetDraft, statusDraft } from './entries.js';
import { firstWire, TELEMETRY_LINES, WIRE_KEEPS, type WireEntry, type WireState } from './state.js';

export function reduceWire(wire: WireState, action: Action, ownId: string): WireState {
  switch (action.type) {
    case 'hub/opening':
      return action.again ? wire : { ...firstWire(), next: wire.next };
    case 'hub/asked':
    case 'wire/cleared':
      return { ...firstWire(), next: wire.next };
    case 'device/packet':
      return withEntry(wire, packetDraft(action.at, action.outgoing, action.bytes));
    case 'device/status':
      return withEntry(wire, statusDraft(action.at, action.status));
    case 'hub/event': {
      const concerns = action.event.deviceId === ownId || action.event.deviceId === null;
      const draft = concerns ? hubDraft(action.at, action.event) : null;
      return draft === null ? wire : withEntry(wire, draft);
    }
    default:
      return wire;
  }
}

function withEntry(wire: WireState, draft: Draft): WireState {
  const question =
    draft.answers === null ? undefined : wire.entries.find((entry) => isOpenQuestion(entry, draft));
  const entry: WireEntry = {
    ...draft,
    // A PUBACK belongs to what it acknowledges.
    kind: question !== undefined && draft.title === 'PUBACK' ? question.kind : draft.kind,
    key: wire.next,
    partner: question?.key ?? null,
    tookMs: question === undefined ? null : draft.at - question.at,
  };
  const older =
    question === undefined ? wire.entries : wire.entries.map((old) => answered(old, question, entry));
  return { entries: bounded([entry, ...older]), next: wire.next + 1 };
}

/** Telemetry comes every second and must not push out the one line that tells why a link was lost. */
function bounded(entries: readonly WireEntry[]): readonly WireEntry[] {
  let telemetry = 0;
  return entries
    .filter((entry) => {
      telemetry += entry.kind === 'telemetry' ? 1 : 0;
      return entry.kind !== 'telemetry' || telemetry <= TELEMETRY_LINES;
    })
    .slice(0, WIRE_KEEPS);
}

const isOpenQuestion = (entry: WireEntry, draft: Draft) =>
  entry.awaits === draft.answers && entry.partner === null;

function answered(old: WireEntry, question: WireEntry, answer: WireEntry): WireEntry {
  return old === question ? { ...old, partner: answer.key, tookMs: answer.tookMs } : old;
}
