/**
 * The whole story in one line: the device and its state, the wire with a dot for each message that travels, the hub and
 * its state.
 */
import { usePage, useText } from '../app/context.js';
import type { StatusState } from '../device/state.js';
import { milliseconds } from './format.js';
import { StateLight, type Tone } from './parts.js';

const TONES: Readonly<Record<StatusState, Tone>> = {
  connecting: 'busy',
  connected: 'good',
  reconnecting: 'busy',
  disconnected: 'bad',
  closed: 'off',
};

export function LinkStrip() {
  return (
    <div class="strip">
      <DeviceEnd />
      <Wire />
      <HubEnd />
    </div>
  );
}

function DeviceEnd() {
  const { store } = usePage();
  const text = useText();
  const { id, status } = store.device.value;
  return (
    <div class="end" role="status">
      <h2>
        {text.device.title} <code>{id}</code>
      </h2>
      <StateLight tone={TONES[status.state]}>{text.device.states[status.state]}</StateLight>
      {status.state !== 'connected' && <p class="reason">{status.detail || status.reason}</p>}
    </div>
  );
}

function HubEnd() {
  const { store } = usePage();
  const text = useText();
  const { phase, place, stream } = store.hub.value;
  const opening = phase === 'opening';
  const tone: Tone = phase === 'failed' ? 'bad' : opening || stream !== 'open' ? 'busy' : 'good';
  const said =
    phase === 'failed' ? text.hub.failed : opening ? text.hub.opening : text.service.stream[stream];
  return (
    <div class="end end-hub" role="status">
      <h2>
        {text.hub.local} {place !== '' && <code>{place}</code>}
      </h2>
      <StateLight tone={tone}>{said}</StateLight>
    </div>
  );
}

/** How many dots may be under way at once; each is drawn once and then rests unseen. */
const DOTS = 3;

function Wire() {
  const { store } = usePage();
  const text = useText();
  const { acknowledged, inbox, roundTripMs } = store.device.value;
  const { language } = store.page.value;
  const newest = inbox[0]?.key;
  const under = Array.from({ length: DOTS }, (_, index) => acknowledged - index).filter(
    (number) => number > 0,
  );
  return (
    <div class="wire">
      <div class="wire-line" aria-hidden="true">
        {under.map((number) => (
          <span key={number} class="wire-dot" />
        ))}
        {newest !== undefined && <span key={newest} class="wire-dot wire-dot-down" />}
      </div>
      <p class="wire-figures">
        <b>{acknowledged.toLocaleString(language)}</b> {text.device.acknowledged} · {text.device.roundTrip}{' '}
        <b>{milliseconds(roundTripMs, language)}</b>
      </p>
    </div>
  );
}
