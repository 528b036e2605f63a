/** What the service sent to this device, newest first; held messages wait here for a decision. */
import { usePage, useText } from '../app/context.js';
import type { ReceivedMessage } from '../device/state.js';
import { clockTime } from './format.js';
import { Card, Empty, PropertyList } from './parts.js';

export function Inbox() {
  const { store } = usePage();
  const text = useText();
  const { inbox, holds } = store.device.value;
  const actions = (
    <>
      <label class="check">
        <input
          type="checkbox"
          checked={holds}
          onChange={(event) => store.dispatch({ type: 'device/holds', holds: event.currentTarget.checked })}
        />
        {text.inbox.hold}
      </label>
      {inbox.length > 0 && (
        <button
          type="button"
          class="button quiet"
          onClick={() => store.dispatch({ type: 'device/inbox-cleared' })}
        >
          {text.inbox.clear}
        </button>
      )}
    </>
  );
  return (
    <Card title={text.inbox.title} hint={text.inbox.hint} actions={actions}>
      {inbox.length === 0 ? (
        <Empty>{text.inbox.empty}</Empty>
      ) : (
        <ol class="messages" aria-live="polite" data-testid="inbox">
          {inbox.map((message) => (
            <InboxMessage key={message.key} message={message} />
          ))}
        </ol>
      )}
    </Card>
  );
}

function InboxMessage({ message }: { readonly message: ReceivedMessage }) {
  const text = useText();
  const { language } = usePage().store.page.value;
  return (
    <li class={`message message-${message.state}`}>
      <time>{clockTime(message.at, language)}</time>
      <div>
        <pre>{message.body}</pre>
        {message.redelivered && <p class="hint">{text.inbox.again}</p>}
        <PropertyList properties={message.properties} label={text.service.custom} />
        <PropertyList properties={message.systemProperties} label={text.service.system} />
        <Decision message={message} />
      </div>
    </li>
  );
}

function Decision({ message }: { readonly message: ReceivedMessage }) {
  const { session } = usePage();
  const { inbox: words } = useText();
  if (message.state === 'left') return <p class="hint">{words.left}</p>;
  if (message.state === 'lost') return <p class="hint">{words.lost}</p>;
  if (message.state !== 'held') return null;
  return (
    <p class="decision">
      <button type="button" class="button" onClick={() => session.settleMessage(message.key, true)}>
        {words.acknowledge}
      </button>
      <button type="button" class="button quiet" onClick={() => session.settleMessage(message.key, false)}>
        {words.leave}
      </button>
    </p>
  );
}
