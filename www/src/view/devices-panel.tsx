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
  const [progress, run] = useProgress<string>();
  // Whatever the hub says about links and identities may change the list.
  const newest = store.wire.value.entries.find((entry) => entry.side === 'hub' && entry.kind === 'link')?.key;
  const load = async () => {
    setListed(await session.service().devices());
    return '';
  };
  useEffect(() => void run(load), [newest, store.hub.value.phase]);
  const change = (call: () => Promise<void>) =>
    void run(async () => {
      await call();
      return load();
    });
  const copy = (deviceId: string) =>
    void run(async () => {
      await navigator.clipboard.writeText((await session.service().connectionString?.(deviceId)) ?? '');
      return words.copied(deviceId);
    });
  return (
    <div class="form">
      <ul class="devices" data-testid="devices">
        {listed.map((device) => (
          <DeviceRow key={device.deviceId} device={device} change={change} copy={copy} />
        ))}
      </ul>
      <CreateDevice create={(deviceId) => change(() => session.service().createDevice(deviceId))} />
      <div class="form-foot">
        <button type="button" class="button quiet" onClick={() => void session.retry()}>
          {words.remake}
        </button>
        <span role="status" class="said">
          {progress.phase === 'done' && progress.result}
        </span>
      </div>
      {progress.phase === 'failed' && <Problem>{progress.problem}</Problem>}
    </div>
  );
}

interface DeviceRowProps {
  readonly device: Identity;
  readonly change: (call: () => Promise<void>) => void;
  readonly copy: (deviceId: string) => void;
}

function DeviceRow({ device, change, copy }: DeviceRowProps) {
  const { store, session } = usePage();
  const { devices: words } = useText();
  const { deviceId } = device;
  const enabled = device.status === 'enabled';
  const connected = device.connectionState === 'Connected';
  const state = enabled ? (connected ? words.connected : words.disconnected) : words.disabled;
  // Only another program needs it, and only a hub on this computer is one that another program can reach.
  const copies = store.hub.value.kind === 'local';
  return (
    <li>
      <StateLight tone={enabled ? (connected ? 'good' : 'off') : 'bad'}>
        <code>{deviceId}</code>
      </StateLight>
      {deviceId === store.device.value.id && <span class="tag">{words.own}</span>}
      <span class="hint">{state}</span>
      <span class="device-actions">
        {copies && (
          <button
            type="button"
            class="button"
            aria-label={words.copyOf(deviceId)}
            onClick={() => copy(deviceId)}
          >
            {words.copy}
          </button>
        )}
        <button
          type="button"
          class="button"
          aria-label={(enabled ? words.disableOf : words.enableOf)(deviceId)}
          onClick={() => change(() => session.service().setEnabled(deviceId, !enabled))}
        >
          {enabled ? words.disable : words.enable}
        </button>
        <button
          type="button"
          class="button"
          aria-label={words.removeOf(deviceId)}
          onClick={() => change(() => session.service().removeDevice(deviceId))}
        >
          {words.remove}
        </button>
      </span>
    </li>
  );
}

function CreateDevice({ create }: { readonly create: (deviceId: string) => void }) {
  const { devices: words } = useText();
  const [name, setName] = useState('');
  const submit = (event: Event) => {
    event.preventDefault();
    create(name.trim());
    setName('');
  };
  return (
    <form class="create" onSubmit={submit}>
      <label class="field">
        <span>{words.name}</span>
        <input
          required
          spellcheck={false}
          autocomplete="off"
          maxLength={128}
          placeholder="my-device"
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </label>
      <button type="submit" class="button" disabled={name.trim() === ''}>
        {words.create}
      </button>
    </form>
  );
}
