/** In place of the service side when the hub is one in Azure: why a page cannot show it, and what can. */
import { usePage, useText } from '../app/context.js';
import { Card } from './parts.js';

export function ServiceAway() {
  const { store } = usePage();
  const { away: words } = useText();
  const { place } = store.hub.value;
  const { id } = store.device.value;
  const hub = place.split('.')[0] ?? place;
  return (
    <Card title={words.title}>
      <p class="prose">{words.why}</p>
      <p class="prose">{words.instead}</p>
      <pre class="command">{`az iot hub monitor-events --hub-name ${hub} --device-id ${id}`}</pre>
      <pre class="command">{`az iot device c2d-message send --hub-name ${hub} --device-id ${id} --data "Hello"`}</pre>
      <pre class="command">{`az iot hub invoke-device-method --hub-name ${hub} --device-id ${id} --method-name echo`}</pre>
    </Card>
  );
}
