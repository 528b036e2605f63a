/** Small parts that several panels share: cards, lights, choices, property lists. They hold no state of the page. */
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import { useText } from '../app/context.js';
import type { Properties } from '../hub/hub-event.js';

interface CardProps {
  readonly title: string;
  readonly hint?: string;
  readonly actions?: ComponentChildren;
  readonly class?: string;
  /** A place that a link of the page leads to. */
  readonly id?: string;
  readonly children: ComponentChildren;
}

/** A titled region. The title names it for screen readers. */
export function Card({ title, hint, actions, class: extra = '', id, children }: CardProps) {
  const heading = useId();
  const place = id === undefined ? {} : { id, tabIndex: -1 };
  return (
    <section class={`card ${extra}`} aria-labelledby={heading} {...place}>
      <header class="card-head">
        <h3 id={heading}>{title}</h3>
        {hint !== undefined && <span class="hint">{hint}</span>}
        <span class="card-actions">{actions}</span>
      </header>
      {children}
    </section>
  );
}

export type Tone = 'good' | 'busy' | 'bad' | 'off';

/** A state as colour, shape and word: never colour alone. */
export function StateLight({
  tone,
  children,
}: {
  readonly tone: Tone;
  readonly children: ComponentChildren;
}) {
  return (
    <span class={`light light-${tone}`}>
      <span class="light-dot" aria-hidden="true" />
      {children}
    </span>
  );
}

interface ChoiceProps<Value extends string> {
  readonly label: string;
  readonly value: Value;
  readonly options: readonly { readonly value: Value; readonly text: string }[];
  readonly choose: (value: Value) => void;
}

/** One of a few, all visible: radio buttons that look like one control. */
export function Choice<Value extends string>({ label, value, options, choose }: ChoiceProps<Value>) {
  const name = useId();
  return (
    <fieldset class="choice">
      <legend class="unseen">{label}</legend>
      {options.map((option) => (
        <label key={option.value}>
          <input
            type="radio"
            name={name}
            checked={option.value === value}
            onChange={() => choose(option.value)}
          />
          <span>{option.text}</span>
        </label>
      ))}
    </fieldset>
  );
}

/** Names and values; a name without a value says so. */
export function PropertyList({
  properties,
  label,
}: {
  readonly properties: Properties;
  readonly label: string;
}) {
  const { service } = useText();
  const entries = Object.entries(properties);
  if (entries.length === 0) return null;
  return (
    <dl class="properties" aria-label={label}>
      {entries.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value ?? <em>{service.noValue}</em>}</dd>
        </div>
      ))}
    </dl>
  );
}

/** An empty place says what would be here and how it gets here. */
export function Empty({ children }: { readonly children: ComponentChildren }) {
  return <p class="empty">{children}</p>;
}

/** Something went wrong: what, why, what to do. */
export function Problem({ children }: { readonly children: ComponentChildren }) {
  return (
    <p class="problem" role="alert">
      {children}
    </p>
  );
}
