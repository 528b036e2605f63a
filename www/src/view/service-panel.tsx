/** The right side: what arrives at the hub, drawn and listed, and what a service can do with the device. */
import { useText } from '../app/context.js';
import { LiveChart } from './live-chart.js';
import { MethodForm } from './method-form.js';
import { SendForm } from './send-form.js';
import { Tabs } from './tabs.js';
import { TelemetryList } from './telemetry-list.js';
import { TwinEditor } from './twin-editor.js';

export function ServicePanel() {
  const text = useText();
  const tabs = [
    { key: 'c2d', title: text.send.title, panel: <SendForm /> },
    { key: 'twin', title: text.twin.title, panel: <TwinEditor /> },
    { key: 'method', title: text.method.title, panel: <MethodForm /> },
  ];
  return (
    <section class="side" id="service" aria-label={text.service.title} tabIndex={-1}>
      <LiveChart />
      <TelemetryList />
      <Tabs label={text.service.actions} tabs={tabs} />
    </section>
  );
}
