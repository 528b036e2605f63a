/** Which hub the page talks to. Switching ends everything that runs against the other one. */
import { usePage, useText } from '../app/context.js';
import type { HubKind } from '../hub/hub.js';
import { Choice } from './parts.js';

const KINDS: readonly HubKind[] = ['page', 'local', 'mine'];

export function HubSwitch() {
  const { store, session } = usePage();
  const { hub: words } = useText();
  const { kind } = store.hub.value;
  const choose = (wanted: HubKind) =>
    wanted === 'mine' ? session.ask() : void session.open({ kind: wanted });
  return (
    <Choice
      label={words.which}
      value={kind}
      options={KINDS.map((value) => ({ value, text: words.kinds[value] }))}
      choose={choose}
    />
  );
}
