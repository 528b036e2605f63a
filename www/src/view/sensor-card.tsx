/** One sensor: its value, a slider for the level, how it moves, and a switch that freezes it. */
import { usePage, useText } from '../app/context.js';
import { GENERATORS, type Generator, type Sensor } from '../sensors/sensor.js';
import { decimal } from './format.js';

export function SensorCard({ sensor }: { readonly sensor: Sensor }) {
  const { store } = usePage();
  const text = useText();
  const { id, min, max, step, level } = sensor;
  const name = text.sensor.names[id] ?? id;
  return (
    <section class={`card sensor sensor-${id}`} aria-label={name}>
      <Reading sensor={sensor} name={name} />
      <input
        type="range"
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
    </section>
  );
}

function Reading({ sensor, name }: { readonly sensor: Sensor; readonly name: string }) {
  const { language } = usePage().store.page.value;
  return (
    <div class="reading">
      <h3>{name}</h3>
      <p class="value">
        {decimal(sensor.value, 1, language)}
        <span class="unit">{sensor.unit}</span>
      </p>
    </div>
  );
}

function Movement({ sensor, name }: { readonly sensor: Sensor; readonly name: string }) {
  const { store } = usePage();
  const { sensor: words } = useText();
  const { id, frozen, generator } = sensor;
  const choose = (event: { readonly currentTarget: HTMLSelectElement }) =>
    store.dispatch({ type: 'sensor/generator', id, generator: event.currentTarget.value as Generator });
  return (
    <div class="movement">
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
