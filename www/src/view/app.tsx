/** The whole page: the strip that joins both sides, the device on the left, the service on the right. */
import { usePage, useText } from '../app/context.js';
import { DevicePanel } from './device-panel.js';
import { FleetCard } from './fleet-card.js';
import { Header } from './header.js';
import { LinkStrip } from './link-strip.js';
import { Problem } from './parts.js';
import { ServicePanel } from './service-panel.js';
import { WirePanel } from './wire-panel.js';

export function App() {
  const text = useText();
  return (
    <>
      {(['device', 'service', 'wire'] as const).map((place) => (
        <a key={place} class="skip" href={`#${place}`}>
          {text.skip[place]}
        </a>
      ))}
      <Header />
      <main>
        <LinkStrip />
        <HubProblemNotice />
        <Sides />
        <WirePanel />
      </main>
    </>
  );
}

/** On a phone the sides stand below each other; when a question is open, its form comes first. */
function Sides() {
  const { store } = usePage();
  const asks = store.hub.value.phase === 'asking';
  return (
    <div class={asks ? 'sides sides-ask' : 'sides'}>
      <DevicePanel />
      <ServicePanel />
      <FleetCard />
    </div>
  );
}

function HubProblemNotice() {
  const { store, session } = usePage();
  const text = useText();
  const { problem, kind } = store.hub.value;
  if (problem === null) return null;
  return (
    <div class="notice">
      <Problem>
        <strong>{text.hub.failed}.</strong> {problem}
      </Problem>
      <button type="button" class="button" onClick={() => void session.retry()}>
        {text.hub.retry}
      </button>
      {kind === 'local' && (
        <button type="button" class="button" onClick={() => void session.open({ kind: 'page' })}>
          {text.hub.usePage}
        </button>
      )}
    </div>
  );
}
