/** What the service sent to this device, newest first. */
import { usePage, useText } from '../app/context.js';
import type { ReceivedMessage } from '../device/state.js';
import { clockTime } from './format.js';
import { Card, Empty, PropertyList } from './parts.js';

export function Inbox() {
  const { store } = usePage();
  const text = useText();
  const { inbox } = store.device.value;
  const clear = (
    <button
      type="button"
      class="button quiet"
      onClick={() => store.dispatch({ type: 'device/inbox-cleared' })}
    >
      {text.inbox.clear}
    </button>
  );
  return (
    <Card title={text.inbox.title} hint={text.inbox.hint} actions={inbox.length > 0 && clear}>
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
    <li class="message">
      <time>{clockTime(message.at, language)}</time>
      <div>
        <pre>{message.body}</pre>
        <PropertyList properties={message.properties} label={text.service.custom} />
        <PropertyList properties={message.systemProperties} label={text.service.system} />
      </div>
    </li>
  );
}
