/** The hub's registry: every device with its state; make, disable, delete one and see what it makes of that. */
import { useEffect, useState } from 'preact/hooks';
import { usePage, useText } from '../app/context.js';
import type { Identity } from '../hub/hub.js';
import { Problem, StateLight } from './parts.js';
import { useProgress } from './progress.js';

export function DevicesPanel() {
  const { store, session } = usePage();
  const { devices: words } = useText();
  const [listed, setListed] = useState<readonly Identity[]>([]);
  const [progress, run] = useProgress<void>();
  const own = store.device.value.id;
  // Whatever the hub says about links and identities may change the list.
  const newest = store.wire.value.entries.find((entry) => entry.side === 'hub' && entry.kind === 'link')?.key;
  const load = async () => setListed(await session.service().devices());
  useEffect(() => void run(load), [newest, store.hub.value.phase]);
  const change = (call: () => Promise<void>) =>
    void run(async () => {
      await call();
      await load();
    });
  return (
    <div class="form">
      <ul class="devices" data-testid="devices">
        {listed.map((device) => (
          <li key={device.deviceId}>
            <StateLight tone={device.enabled ? (device.connected ? 'good' : 'off') : 'bad'}>
              <span class="unseen">{stateText(device, words)}</span>
            </StateLight>
            <code>{device.deviceId}</code>
            {device.deviceId === own && <span class="tag">{words.own}</span>}
            <span class="hint">{stateText(device, words)}</span>
            <button
              type="button"
              class="button"
              onClick={() => change(() => session.service().setEnabled(device.deviceId, !device.enabled))}
            >
              {device.enabled ? words.disable : words.enable}
            </button>
            <button
              type="button"
              class="button"
              onClick={() => change(() => session.service().removeDevice(device.deviceId))}
            >
              {words.remove}
            </button>
          </li>
        ))}
      </ul>
      <div class="form-foot">
        <button type="button" class="button quiet" onClick={() => void session.retry()}>
          {words.remake}
        </button>
      </div>
      {progress.phase === 'failed' && <Problem>{progress.problem}</Problem>}
    </div>
  );
}

function stateText(device: Identity, words: ReturnType<typeof useText>['devices']): string {
  if (!device.enabled) return words.disabled;
  return device.connected ? words.connected : words.disconnected;
}
