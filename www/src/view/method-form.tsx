/** Calls a method of the device as a service does, and shows the answer. */
import { useId, useState } from 'preact/hooks';
import { usePage, useText } from '../app/context.js';
import type { MethodResult } from '../hub/hub.js';
import type { Json } from '../twin/json.js';
import { milliseconds } from './format.js';
import { Problem } from './parts.js';
import { useProgress } from './progress.js';

interface Called {
  readonly result: MethodResult;
  readonly tookMs: number;
}

export function MethodForm() {
  const { store, session } = usePage();
  const { method: words } = useText();
  const [name, setName] = useState('echo');
  const [payload, setPayload] = useState('{"hello":"device"}');
  const [responseTimeout, setResponseTimeout] = useState(30);
  const [connectTimeout, setConnectTimeout] = useState(0);
  const [progress, run] = useProgress<Called>();
  const parsed = parsedPayload(payload);
  const names = useId();

  const call = async (): Promise<Called> => {
    const started = performance.now();
    const result = await session.service().callMethod(store.device.peek().id, {
      methodName: name,
      payload: parsed ?? null,
      responseTimeoutInSeconds: responseTimeout,
      connectTimeoutInSeconds: connectTimeout,
    });
    return { result, tookMs: performance.now() - started };
  };
  const submit = (event: Event) => {
    event.preventDefault();
    void run(call);
  };

  return (
    <form class="form" onSubmit={submit}>
      <div class="form-row">
        <label class="field">
          <span>{words.name}</span>
          <input required list={names} value={name} onInput={(event) => setName(event.currentTarget.value)} />
        </label>
        <datalist id={names}>
          {store.device.value.methods.map((card) => (
            <option key={card.name} value={card.name} />
          ))}
        </datalist>
        <Seconds label={words.responseTimeout} min={5} value={responseTimeout} change={setResponseTimeout} />
        <Seconds label={words.connectTimeout} min={0} value={connectTimeout} change={setConnectTimeout} />
      </div>
      <label class="field">
        <span>{words.payload}</span>
        <textarea
          rows={3}
          spellcheck={false}
          value={payload}
          aria-invalid={parsed === undefined}
          onInput={(event) => setPayload(event.currentTarget.value)}
        />
      </label>
      <div class="form-foot">
        <button
          type="submit"
          class="button primary"
          disabled={parsed === undefined || progress.phase === 'busy'}
        >
          {progress.phase === 'busy' ? words.calling : words.call}
        </button>
        {parsed === undefined && <span class="finding">{words.notJson}</span>}
      </div>
      {progress.phase === 'failed' && <Problem>{progress.problem}</Problem>}
      {progress.phase === 'done' && <Outcome called={progress.result} />}
    </form>
  );
}

function Outcome({ called }: { readonly called: Called }) {
  const { method: words } = useText();
  const { language } = usePage().store.page.value;
  const { status, payload } = called.result;
  return (
    <output class="outcome" data-testid="method-result">
      <p>
        {words.status} <b class={status < 400 ? 'is-good' : 'is-bad'}>{status}</b> ·{' '}
        {milliseconds(called.tookMs, language)}
      </p>
      <pre>{JSON.stringify(payload, null, 2)}</pre>
    </output>
  );
}

interface SecondsProps {
  readonly label: string;
  readonly min: number;
  readonly value: number;
  readonly change: (value: number) => void;
}

function Seconds({ label, min, value, change }: SecondsProps) {
  return (
    <label class="field field-short">
      <span>{label}</span>
      <input
        type="number"
        min={min}
        max={300}
        value={value}
        onInput={(event) => change(event.currentTarget.valueAsNumber)}
      />
    </label>
  );
}

/** The payload as JSON; nothing typed is `null`, nonsense is `undefined`. */
function parsedPayload(text: string): Json | undefined {
  if (text.trim() === '') return null;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
