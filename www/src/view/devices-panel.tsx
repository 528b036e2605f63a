/** The hub's registry: every device with its state; make, disable, delete one and see what it makes of that. */
import { useEffect, useId, useState } from 'preact/hooks';
import { usePage, useText } from '../app/context.js';
import type { Identity } from '../hub/hub.js';
import { Problem, StateLight } from './parts.js';
import { useProgress } from './progress.js';

/** The registry's rule for a device id. */
const DEVICE_ID = /^[A-Za-z0-9\-:.+%_#*?!(),=@;$']{1,128}$/;

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
  const own = store.device.value.id;
  const earlier = listed.filter((device) => isOfEarlierVisit(device, own)).map(({ deviceId }) => deviceId);
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
        {earlier.length > 0 && (
          <button
            type="button"
            class="button quiet"
            onClick={() =>
              change(async () => {
                for (const deviceId of earlier) await session.service().removeDevice(deviceId);
              })
            }
          >
            {words.tidy(earlier.length)}
          </button>
        )}
        <span role="status" class="said">
          {progress.phase === 'done' && progress.result}
        </span>
      </div>
      {progress.phase === 'failed' && <Problem>{progress.problem}</Problem>}
    </div>
  );
}

/** Devices that this page made for a tab or a fleet that has gone. */
function isOfEarlierVisit({ deviceId, connectionState }: Identity, own: string): boolean {
  return /^(page|fleet)-/.test(deviceId) && deviceId !== own && connectionState !== 'Connected';
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
        <RemoveDevice
          deviceId={deviceId}
          remove={() => change(() => session.service().removeDevice(deviceId))}
        />
      </span>
    </li>
  );
}

/** A deleted device takes its keys, twin and messages along, so it asks once more. */
function RemoveDevice({ deviceId, remove }: { readonly deviceId: string; readonly remove: () => void }) {
  const { devices: words } = useText();
  const [asks, setAsks] = useState(false);
  const press = () => {
    setAsks(!asks);
    if (asks) remove();
  };
  return (
    <button
      type="button"
      class={asks ? 'button danger' : 'button'}
      aria-label={(asks ? words.reallyRemoveOf : words.removeOf)(deviceId)}
      onClick={press}
      onBlur={() => setAsks(false)}
      onKeyDown={({ key }) => key === 'Escape' && setAsks(false)}
    >
      {asks ? words.reallyRemove : words.remove}
    </button>
  );
}

function CreateDevice({ create }: { readonly create: (deviceId: string) => void }) {
  const { devices: words } = useText();
  const [name, setName] = useState('');
  const hint = useId();
  const wanted = name.trim();
  const sound = DEVICE_ID.test(wanted);
  const submit = (event: Event) => {
    event.preventDefault();
    create(wanted);
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
          aria-invalid={wanted !== '' && !sound}
          aria-describedby={hint}
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </label>
      <button type="submit" class="button" disabled={!sound}>
        {words.create}
      </button>
      <p id={hint} class={wanted !== '' && !sound ? 'hint hint-bad' : 'hint'}>
        {words.nameRule}
      </p>
    </form>
  );
}
