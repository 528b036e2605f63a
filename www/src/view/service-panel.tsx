/** The right side: what arrives at the hub, drawn and listed, and what a service can do with the device. */
import { usePage, useText } from '../app/context.js';
import { DevicesPanel } from './devices-panel.js';
import { LiveChart } from './live-chart.js';
import { MethodForm } from './method-form.js';
import { MyHubForm } from './my-hub-form.js';
import { SendForm } from './send-form.js';
import { ServiceAway } from './service-away.js';
import { Tabs } from './tabs.js';
import { TelemetryList } from './telemetry-list.js';
import { TroublePanel } from './trouble-panel.js';
import { TwinEditor } from './twin-editor.js';

export function ServicePanel() {
  const { store } = usePage();
  const text = useText();
  const { kind, phase } = store.hub.value;
  return (
    <section class="side" id="service" aria-label={text.service.title} tabIndex={-1}>
      {kind === 'mine' && phase !== 'open' && <MyHubForm />}
      {kind === 'mine' && phase === 'open' && <ServiceAway />}
      {kind !== 'mine' && <ServiceReached />}
    </section>
  );
}

function ServiceReached() {
  const text = useText();
  const tabs = [
    { key: 'c2d', title: text.send.title, panel: <SendForm /> },
    { key: 'twin', title: text.twin.title, panel: <TwinEditor /> },
    { key: 'method', title: text.method.title, panel: <MethodForm /> },
    { key: 'trouble', title: text.trouble.title, panel: <TroublePanel /> },
    { key: 'devices', title: text.devices.title, panel: <DevicesPanel /> },
  ];
  return (
    <>
      <LiveChart />
      <TelemetryList />
      <Tabs label={text.service.actions} tabs={tabs} />
    </>
  );
}
