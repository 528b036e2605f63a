/**
 * The whole story in one line: the device and its state, the wire with a dot for each message that travels, the hub and
 * its state.
 */
import { usePage, useText } from '../app/context.js';
import type { StatusState } from '../device/state.js';
import { Countdown } from './countdown.js';
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
  const { store, session } = usePage();
  const text = useText();
  const { id, status } = store.device.value;
  return (
    <div class="end" role="status">
      <h2>
        {text.device.title} <code>{id}</code>
      </h2>
      <StateLight tone={TONES[status.state]}>{text.device.states[status.state]}</StateLight>
      {status.retryAt !== null && status.state === 'reconnecting' && <Countdown until={status.retryAt} />}
      {status.state === 'disconnected' && (
        <button type="button" class="button" onClick={() => void session.retry()}>
          {text.device.now}
        </button>
      )}
      {status.state !== 'connected' && <p class="reason">{status.detail || status.reason}</p>}
    </div>
  );
}

function HubEnd() {
  const { store } = usePage();
  const text = useText();
  const { kind, phase, place, stream, service } = store.hub.value;
  // A hub whose service side is out of reach is known by the device's connection alone.
  const connected = service ? stream === 'open' : store.device.value.status.state === 'connected';
  const waits = phase === 'opening' || (phase === 'open' && !connected);
  const tone: Tone = phase === 'failed' ? 'bad' : phase === 'asking' ? 'off' : waits ? 'busy' : 'good';
  const open = service ? text.service.stream[stream] : text.hub.deviceOnly;
  const said = { asking: text.hub.asking, opening: text.hub.opening, failed: text.hub.failed, open }[phase];
  return (
    <div class="end end-hub" role="status">
      <h2>
        {text.hub.kinds[kind]} {place !== '' && <code>{place}</code>}
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
