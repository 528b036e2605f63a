import { describe, expect, it } from 'vitest';
import { withFeedback, withOutcome } from './outcomes.js';
import { OUTCOMES_KEEP } from './state.js';

const step = (messageId: string, state: string, deliveries = 0) => ({ messageId, state, deliveries });

describe('outcomes', () => {
  it('follow a message from queue to end', () => {
    const steps = [step('a', 'queued'), step('a', 'delivered', 1), step('a', 'completed', 1)];
    const outcomes = steps.reduce<ReturnType<typeof withOutcome>>(withOutcome, []);
    expect(outcomes).toEqual([{ messageId: 'a', state: 'completed', deliveries: 1, feedback: '' }]);
  });
  it('keep the newest', () => {
    const ids = Array.from({ length: OUTCOMES_KEEP + 2 }, (_, index) => String(index));
    const outcomes = ids.reduce<ReturnType<typeof withOutcome>>(
      (all, id) => withOutcome(all, step(id, 'queued')),
      [],
    );
    expect(outcomes.map(({ messageId }) => messageId)).toEqual(ids.slice(-OUTCOMES_KEEP).reverse());
  });
  it('take the feedback that belongs to them', () => {
    const outcomes = withOutcome([], step('a', 'completed', 1));
    const records = [
      { originalMessageId: 'b', statusCode: 'Expired' },
      { originalMessageId: 'a', statusCode: 'Success' },
    ];
    expect(withFeedback(outcomes, { records })[0]?.feedback).toBe('Success');
  });
  it('take no notice of what they cannot read', () => {
    expect(withOutcome([], { state: 'queued' })).toEqual([]);
    expect(withFeedback([], { records: 'none' })).toEqual([]);
  });
});
