/** Below the form: what became of the messages that were sent to this device. */
import { usePage, useText } from '../app/context.js';

export function Outcomes() {
  const { store } = usePage();
  const { send: words } = useText();
  const { outcomes } = store.service.value;
  if (outcomes.length === 0) return null;
  return (
    <ul class="outcomes" aria-label={words.outcomes}>
      {outcomes.map(({ messageId, state, deliveries, feedback }) => (
        <li key={messageId}>
          <b class={state === 'completed' ? 'is-good' : ''}>{words.states[state] ?? state}</b>
          <code>{messageId}</code>
          {deliveries > 1 && <span class="hint">{words.deliveries(deliveries)}</span>}
          {feedback !== '' && <span class="hint">{words.feedback(feedback)}</span>}
        </li>
      ))}
    </ul>
  );
}
