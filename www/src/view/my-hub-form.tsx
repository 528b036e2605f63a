/**
 * Asks for someone's own hub: a device connection string, explained while it is typed, or a device's name and an
 * address that gives tokens. Nothing of it is kept anywhere but in memory.
 */
import { type ConnectionStringParts, DeviceClient } from 'iothub-wasm';
import { useEffect, useState } from 'preact/hooks';
import { usePage, useText } from '../app/context.js';
import { problemText } from '../app/problem.js';
import { clockAhead, NOTEWORTHY_S } from '../hub/clock.js';
import { type MyHub, tokensFrom } from '../hub/my-hub.js';
import { decimal } from './format.js';
import { Card, Choice, Problem } from './parts.js';

type Way = 'string' | 'tokens';

export function MyHubForm() {
  const { mine: words } = useText();
  const [way, setWay] = useState<Way>('string');
  const choice = (
    <Choice
      label={words.way}
      value={way}
      options={[
        { value: 'string', text: words.byString },
        { value: 'tokens', text: words.byTokens },
      ]}
      choose={setWay}
    />
  );
  return (
    <Card title={words.title} hint={words.hint} actions={choice}>
      <ClockNotice />
      {way === 'string' ? <StringForm /> : <TokenForm />}
    </Card>
  );
}

/** A clock that is off makes every token wrong, however right the key is. */
function ClockNotice() {
  const { language } = usePage().store.page.value;
  const { mine: words } = useText();
  const [ahead, setAhead] = useState<number | null>(null);
  useEffect(() => {
    const page = new URL(location.href);
    page.hash = '';
    void clockAhead(page).then(setAhead);
  }, []);
  if (ahead === null || Math.abs(ahead) < NOTEWORTHY_S) return null;
  return <Problem>{words.clockOff(decimal(Math.abs(ahead) / 60, 0, language), ahead > 0)}</Problem>;
}

type Explained =
  | { readonly state: 'empty' }
  | { readonly state: 'good'; readonly parts: ConnectionStringParts }
  | { readonly state: 'bad'; readonly problem: string };

function StringForm() {
  const { session } = usePage();
  const { mine: words } = useText();
  const [text, setText] = useState('');
  const explained = useExplained(text);
  const submit = (event: Event) => {
    event.preventDefault();
    if (explained.state !== 'good') return;
    const { host, deviceId } = explained.parts;
    void session.open({ kind: 'mine', hub: { host, deviceId, credentials: text.trim() } });
  };
  return (
    <form class="form" onSubmit={submit}>
      <label class="field">
        <span>{words.connectionString}</span>
        <textarea
          rows={3}
          spellcheck={false}
          autocomplete="off"
          placeholder="HostName=…;DeviceId=…;SharedAccessKey=…"
          value={text}
          aria-invalid={explained.state === 'bad'}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </label>
      <div role="status">
        {explained.state === 'bad' && <Problem>{explained.problem}</Problem>}
        {explained.state === 'good' && <Parts parts={explained.parts} />}
      </div>
      <div class="form-foot">
        <button type="submit" class="button primary" disabled={explained.state !== 'good'}>
          {words.connect}
        </button>
        <span class="hint">{words.meter}</span>
      </div>
    </form>
  );
}

/** What the package makes of the text, by its own rules. A late answer to an earlier text is dropped. */
function useExplained(text: string): Explained {
  const [explained, setExplained] = useState<Explained>({ state: 'empty' });
  useEffect(() => {
    let current = true;
    const tell = (next: Explained) => void (current && setExplained(next));
    if (text.trim() === '') tell({ state: 'empty' });
    else {
      DeviceClient.parseConnectionString(text.trim()).then(
        (parts) => tell({ state: 'good', parts }),
        (cause: unknown) => tell({ state: 'bad', problem: problemText(cause) }),
      );
    }
    return () => {
      current = false;
    };
  }, [text]);
  return explained;
}

function Parts({ parts }: { readonly parts: ConnectionStringParts }) {
  const { mine: words } = useText();
  const credential = parts.credential === 'key' ? words.withKey : words.withSas;
  return (
    <p class="explained">
      {words.understood(parts.deviceId, parts.host)} {credential}
    </p>
  );
}

function TokenForm() {
  const { session } = usePage();
  const { mine: words } = useText();
  const [host, setHost] = useState('');
  const [deviceId, setDeviceId] = useState('');
  const [address, setAddress] = useState('');
  const url = URL.canParse(address) ? new URL(address) : null;
  const ready = host !== '' && deviceId !== '' && url !== null;
  const submit = (event: Event) => {
    event.preventDefault();
    if (url === null) return;
    const hub: MyHub = { host, deviceId, credentials: { host, deviceId, token: tokensFrom(url) } };
    void session.open({ kind: 'mine', hub });
  };
  const field = (label: string, value: string, set: (text: string) => void, placeholder: string) => (
    <label class="field">
      <span>{label}</span>
      <input
        required
        spellcheck={false}
        autocomplete="off"
        placeholder={placeholder}
        value={value}
        onInput={(event) => set(event.currentTarget.value.trim())}
      />
    </label>
  );
  return (
    <form class="form" onSubmit={submit}>
      <div class="form-row">
        {field(words.host, host, setHost, 'my-hub.azure-devices.net')}
        {field(words.deviceId, deviceId, setDeviceId, 'my-device')}
        {field(words.tokenUrl, address, setAddress, 'http://localhost:3000/token')}
      </div>
      <p class="finding">{words.tokenHint}</p>
      <div class="form-foot">
        <button type="submit" class="button primary" disabled={!ready}>
          {words.connect}
        </button>
        <span class="hint">{words.meter}</span>
      </div>
    </form>
  );
}
