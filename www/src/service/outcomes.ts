/** Follows each cloud-to-device message from the queue to its end, by what the hub tells. Pure; the reducer calls it. */
import { isRecord } from '../hub/hub-event.js';
import { OUTCOMES_KEEP, type Outcome } from './state.js';

type Detail = Readonly<Record<string, unknown>>;

/** A step of one message: `{state, messageId, deliveries}`. */
export function withOutcome(outcomes: readonly Outcome[], detail: Detail): readonly Outcome[] {
  const { messageId, state, deliveries } = detail;
  if (typeof messageId !== 'string' || typeof state !== 'string') return outcomes;
  const known = outcomes.find((outcome) => outcome.messageId === messageId);
  const feedback = known?.feedback ?? '';
  const outcome = { messageId, state, deliveries: Number(deliveries ?? 0), feedback };
  if (known === undefined) return [outcome, ...outcomes].slice(0, OUTCOMES_KEEP);
  return outcomes.map((other) => (other === known ? outcome : other));
}

/** Feedback: `{records: [{originalMessageId, statusCode}]}`. */
export function withFeedback(outcomes: readonly Outcome[], detail: Detail): readonly Outcome[] {
  const records = Array.isArray(detail.records) ? detail.records.filter(isRecord) : [];
  const told = new Map(records.map((record) => [record.originalMessageId, record.statusCode]));
  return outcomes.map((outcome) => {
    const status = told.get(outcome.messageId);
    return typeof status === 'string' ? { ...outcome, feedback: status } : outcome;
  });
}
