/** One sensor: its value, a slider for the level, how it moves, and a switch that freezes it. */
import { usePage, useText } from '../app/context.js';
import { evaluate } from '../sensors/expression.js';
import { columnsOf } from '../sensors/numbers.js';
import { GENERATORS, type Generator, type Sensor } from '../sensors/sensor.js';
import { decimal } from './format.js';

interface SensorProps {
  readonly sensor: Sensor;
  readonly name: string;
}

export function SensorCard({ sensor, index }: { readonly sensor: Sensor; readonly index: number }) {
  const { store } = usePage();
  const text = useText();
  const { id, min, max, step, level } = sensor;
  const name = text.sensor.names[id] ?? id;
  // The colour of its line in the chart, as soon as it has one.
  const drawn = Object.keys(store.service.value.series.columns).indexOf(id);
  const line = ((drawn < 0 ? index : drawn) % 6) + 1;
  return (
    <section class={`card sensor line-${line}`} aria-label={name}>
      <Reading sensor={sensor} name={name} />
      <input
        type="range"
        disabled={sensor.generator === 'input'}
        min={min}
        max={max}
        step={step}
        value={level}
        aria-label={text.sensor.level(name)}
        aria-valuetext={`${level} ${sensor.unit}`}
        onInput={(event) =>
          store.dispatch({ type: 'sensor/level', id, level: event.currentTarget.valueAsNumber })
        }
      />
      <Movement sensor={sensor} name={name} />
      {(sensor.generator === 'sequence' || sensor.generator === 'formula') && (
        <Script sensor={sensor} name={name} />
      )}
    </section>
  );
}

function Reading({ sensor, name }: SensorProps) {
  const { store } = usePage();
  const { sensor: words } = useText();
  const { language } = store.page.value;
  const digits = sensor.step >= 1 ? 0 : sensor.step >= 0.1 ? 1 : 4;
  return (
    <div class="reading">
      <h3>{name}</h3>
      <button
        type="button"
        class="button quiet remove"
        aria-label={words.remove(name)}
        onClick={() => store.dispatch({ type: 'sensor/removed', id: sensor.id })}
      >
        ×
      </button>
      <p class="value">
        {decimal(sensor.value, digits, language)}
        <span class="unit">{sensor.unit}</span>
      </p>
    </div>
  );
}

function Movement({ sensor, name }: SensorProps) {
  const { store } = usePage();
  const { sensor: words } = useText();
  const { id, frozen, generator } = sensor;
  const choose = (event: { readonly currentTarget: HTMLSelectElement }) =>
    store.dispatch({ type: 'sensor/generator', id, generator: event.currentTarget.value as Generator });
  return (
    <div class="movement">
      {generator === 'input' ? (
        <span class="hint">{words.generators.input}</span>
      ) : (
        <label class="select">
          <span class="unseen">{words.generator(name)}</span>
          <select value={generator} onChange={choose}>
            {GENERATORS.map((value) => (
              <option key={value} value={value}>
                {words.generators[value]}
              </option>
            ))}
          </select>
        </label>
      )}
      <label class="check">
        <input
          type="checkbox"
          checked={frozen}
          onChange={(event) =>
            store.dispatch({ type: 'sensor/frozen', id, frozen: event.currentTarget.checked })
          }
        />
        {words.freeze}
      </label>
    </div>
  );
}

function Script({ sensor, name }: SensorProps) {
  const { store } = usePage();
  const { sensor: words } = useText();
  const problem = problemIn(sensor);
  const isFormula = sensor.generator === 'formula';
  return (
    <>
      <label class="field">
        <span class="unseen">{isFormula ? words.formula(name) : words.sequence(name)}</span>
        <textarea
          rows={2}
          spellcheck={false}
          placeholder={isFormula ? 'level + 5 * sin(t / 10) + noise' : '1, 2, 3'}
          value={sensor.script}
          aria-invalid={problem !== null}
          onInput={(event) =>
            store.dispatch({ type: 'sensor/script', id: sensor.id, script: event.currentTarget.value })
          }
        />
        <span class="finding">{problem ?? (isFormula ? words.formulaHint : words.sequenceHint)}</span>
      </label>
      {!isFormula && <ColumnChoice sensor={sensor} name={name} />}
    </>
  );
}

/** Which column of a CSV plays, where there is more than one. */
function ColumnChoice({ sensor, name }: SensorProps) {
  const { store } = usePage();
  const { sensor: words } = useText();
  const columns = columnsOf(sensor.script);
  if (columns.length < 2) return null;
  return (
    <label class="select">
      <span class="unseen">{words.column(name)}</span>
      <select
        value={sensor.column}
        onChange={({ currentTarget }) =>
          store.dispatch({ type: 'sensor/column', id: sensor.id, column: currentTarget.value })
        }
      >
        {columns.map((column, index) => (
          <option key={column.name} value={index === 0 ? '' : column.name}>
            {column.name}
          </option>
        ))}
      </select>
    </label>
  );
}

/** What is wrong with the text, if anything; nothing is wrong with an empty one. */
function problemIn({ generator, script }: Sensor): string | null {
  if (script.trim() === '') return null;
  if (generator === 'sequence') return columnsOf(script).length === 0 ? '–' : null;
  try {
    evaluate(script, { t: 0, level: 0, value: 0, noise: 0 });
    return null;
  } catch (cause) {
    return String(cause instanceof Error ? cause.message : cause);
  }
}
