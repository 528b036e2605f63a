/** A fleet of simulated devices: how many, start and stop, a heat map of their states, one of them in detail. */
import { useState } from 'preact/hooks';
import { usePage, useText } from '../app/context.js';
import { FLEET_LIMITS, type FleetDevice } from '../fleet/state.js';
import { decimal } from './format.js';
import { HeatMap } from './heat-map.js';
import { Card } from './parts.js';

export function FleetCard() {
  const { store, session } = usePage();
  const { fleet: words } = useText();
  const { kind, phase } = store.hub.value;
  const { running, size } = store.fleet.value;
  const limit = FLEET_LIMITS[kind];
  const [wanted, setWanted] = useState(100);
  if (limit === 0) return null;
  const count = Math.min(wanted, limit);
  return (
    <Card title={words.title} hint={words.hint(limit)} class="fleet">
      <div class="fleet-controls">
        <input
          type="range"
          min={1}
          max={limit}
          value={count}
          disabled={running}
          aria-label={words.size}
          onInput={(event) => setWanted(event.currentTarget.valueAsNumber)}
        />
        <output>{count}</output>
        <button
          type="button"
          class="button"
          disabled={phase !== 'open'}
          onClick={() => (running ? session.stopFleet() : session.startFleet(count))}
        >
          {running ? words.stop : words.start}
        </button>
      </div>
      {size > 0 && <FleetFigures />}
    </Card>
  );
}

function FleetFigures() {
  const { store } = usePage();
  const { fleet: words } = useText();
  const { language } = store.page.value;
  const { states, size, perSecond, acknowledged, frames, failed, detail } = store.fleet.value;
  const connected = states.reduce((sum, state) => sum + (state === 2 || state === 3 ? 1 : 0), 0);
  const figures = [
    [words.connected, `${connected.toLocaleString(language)} / ${size.toLocaleString(language)}`],
    [words.perSecond, perSecond.toLocaleString(language)],
    [words.acknowledged, acknowledged.toLocaleString(language)],
    [words.failed, failed.toLocaleString(language)],
    [words.frames, String(frames)],
  ] as const;
  return (
    <>
      <div class="gauges fleet-figures" data-testid="fleet">
        <dl>
          {figures.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
      </div>
      <HeatMap />
      {detail === null ? <p class="hint">{words.choose}</p> : <Detail device={detail} />}
    </>
  );
}

function Detail({ device }: { readonly device: FleetDevice }) {
  const { store } = usePage();
  const { fleet: words } = useText();
  const { language } = store.page.value;
  return (
    <p class="fleet-detail">
      <code>{device.id}</code> {words.states[device.state]} · {decimal(device.value, 1, language)} °C ·{' '}
      {words.counts(device.sent, device.acknowledged)}
      {device.problem !== '' && <span class="is-bad"> {device.problem}</span>}
    </p>
  );
}
