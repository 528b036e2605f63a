/** Telemetry as it lands at the hub: body at a glance, all its properties one press away. */
import { useState } from 'preact/hooks';
import { usePage, useText } from '../app/context.js';
import { bodyText, type TelemetryEvent } from '../hub/hub-event.js';
import { clockTime } from './format.js';
import { Card, Choice, Empty, PropertyList } from './parts.js';

export function TelemetryList() {
  const { store } = usePage();
  const text = useText();
  const { telemetry, scope, received } = store.service.value;
  const own = store.device.value.id;
  // While a row is open the list stands still, so that what is read does not run away.
  const [held, setHeld] = useState<readonly TelemetryEvent[] | null>(null);
  const [openId, setOpenId] = useState<string | null>(null);
  const live = scope === 'all' ? telemetry : telemetry.filter((event) => event.deviceId === own);
  const shown = held ?? live;
  const missed = live.findIndex((event) => event.id === shown[0]?.id);
  const toggle = (id: string | null) => {
    setOpenId(id);
    setHeld(id === null ? null : shown);
  };
  const { language } = store.page.value;
  const choice = (
    <Choice
      label={text.service.scope}
      value={scope}
      options={[
        { value: 'device', text: text.service.thisDevice },
        { value: 'all', text: text.service.allDevices },
      ]}
      choose={(value) => {
        toggle(null);
        store.dispatch({ type: 'service/scope', scope: value });
      }}
    />
  );
  return (
    <Card
      title={text.service.telemetry}
      hint={`${received.toLocaleString(language)} ${text.service.received}`}
      actions={choice}
    >
      {held !== null && (
        <button type="button" class="button held-list" onClick={() => toggle(null)}>
          {text.service.held(missed < 0 ? live.length : missed)}
        </button>
      )}
      {shown.length === 0 ? (
        <Empty>{text.service.empty}</Empty>
      ) : (
        <ol class="telemetry" data-testid="telemetry">
          {shown.map((event) => (
            <TelemetryRow
              key={event.id}
              event={event}
              showDevice={scope === 'all'}
              open={event.id === openId}
              toggle={() => toggle(event.id === openId ? null : event.id)}
            />
          ))}
        </ol>
      )}
    </Card>
  );
}

interface TelemetryRowProps {
  readonly event: TelemetryEvent;
  readonly showDevice: boolean;
  readonly open: boolean;
  readonly toggle: () => void;
}

function TelemetryRow({ event, showDevice, open, toggle }: TelemetryRowProps) {
  const text = useText();
  const { language } = usePage().store.page.value;
  return (
    <li>
      <button type="button" class="row" aria-expanded={open} onClick={toggle}>
        <time>{clockTime(event.at, language)}</time>
        {showDevice && <span class="row-device">{event.deviceId}</span>}
        <code class="row-body">{bodyText(event.body)}</code>
        <PropertyTags event={event} />
      </button>
      {open && (
        <div class="row-detail">
          <PropertyList properties={event.properties} label={text.service.custom} />
          <PropertyList properties={event.systemProperties} label={text.service.system} />
        </div>
      )}
    </li>
  );
}

function PropertyTags({ event }: { readonly event: TelemetryEvent }) {
  const entries = Object.entries(event.properties);
  return (
    <span class="tags">
      {entries.slice(0, 2).map(([name, value]) => (
        <span key={name} class="tag">
          {name}
          {value !== null && <b>{value}</b>}
        </span>
      ))}
    </span>
  );
}
