/** What the device answers when a method is called: one card a method, to be changed while it runs. */
import { useState } from 'preact/hooks';
import { usePage, useText } from '../app/context.js';
import { isOwn, METHOD_NAME, type MethodCard, ownMethod } from '../methods/method.js';
import { clockTime } from './format.js';
import { Card } from './parts.js';

export function MethodCards() {
  const { store } = usePage();
  const { methods: words } = useText();
  const { methods } = store.device.value;
  return (
    <Card title={words.title} hint={words.hint}>
      <ul class="methods">
        {methods.map((card) => (
          <MethodItem key={card.name} card={card} />
        ))}
      </ul>
      <AddMethod />
    </Card>
  );
}

function AddMethod() {
  const { store } = usePage();
  const { methods: words } = useText();
  const [name, setName] = useState('');
  const known = store.device.value.methods.some((method) => method.name === name);
  const submit = (event: Event) => {
    event.preventDefault();
    store.dispatch({ type: 'method/added', card: ownMethod(name) });
    setName('');
  };
  return (
    <form class="create create-method" onSubmit={submit}>
      <label class="field">
        <span class="unseen">{words.name}</span>
        <input
          spellcheck={false}
          autocomplete="off"
          placeholder={words.name}
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
      </label>
      <button type="submit" class="button" disabled={known || !METHOD_NAME.test(name)}>
        {words.add}
      </button>
    </form>
  );
}

function MethodItem({ card }: { readonly card: MethodCard }) {
  const { store } = usePage();
  const { methods: words } = useText();
  const { language } = store.page.value;
  const last = store.device.value.calls.find((call) => call.name === card.name);
  return (
    <li>
      <details>
        <summary>
          <code>{card.name}</code>
          <span class="hint">
            {last === undefined ? words.never : words.last(clockTime(last.at, language), last.status)}
          </span>
          {last !== undefined && <span key={last.key} class="flash" aria-hidden="true" />}
        </summary>
        <MethodSettings card={card} />
      </details>
    </li>
  );
}

function MethodSettings({ card }: { readonly card: MethodCard }) {
  const { store } = usePage();
  const { methods: words } = useText();
  const change = (part: Partial<MethodCard>) =>
    store.dispatch({ type: 'method/changed', name: card.name, card: part });
  const number = (
    label: string,
    value: number,
    max: number,
    part: (value: number) => Partial<MethodCard>,
  ) => (
    <label class="field field-short">
      <span>{label}</span>
      <input
        type="number"
        min={0}
        max={max}
        value={value}
        onInput={(event) => change(part(event.currentTarget.valueAsNumber || 0))}
      />
    </label>
  );
  return (
    <div class="form">
      <label class="field">
        <span>{words.reply}</span>
        <textarea
          rows={2}
          spellcheck={false}
          value={card.reply}
          placeholder={words.echoes}
          onInput={(event) => change({ reply: event.currentTarget.value })}
        />
      </label>
      <div class="form-row">
        {number(words.status, card.status, 999, (status) => ({ status }))}
        {number(words.delay, card.delayMs, 60_000, (delayMs) => ({ delayMs }))}
        {number(words.failure, card.failurePercent, 100, (failurePercent) => ({ failurePercent }))}
      </div>
      {isOwn(card.name) && (
        <button
          type="button"
          class="button quiet"
          onClick={() => store.dispatch({ type: 'method/removed', name: card.name })}
        >
          {words.remove(card.name)}
        </button>
      )}
    </div>
  );
}
