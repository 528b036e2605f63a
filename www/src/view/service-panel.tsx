/** The right side: what arrives at the hub, drawn and listed, and the way back to the device. */
import { useText } from '../app/context.js';
import { LiveChart } from './live-chart.js';
import { SendForm } from './send-form.js';
import { TelemetryList } from './telemetry-list.js';

export function ServicePanel() {
  const text = useText();
  return (
    <section class="side" id="service" aria-label={text.service.title} tabIndex={-1}>
      <LiveChart />
      <TelemetryList />
      <SendForm />
    </section>
  );
}
