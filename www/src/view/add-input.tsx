/** Adds a sensor that the browser itself feeds, once the user allows it; taking the sensor away ends it. */
import { effect } from '@preact/signals';
import { useState } from 'preact/hooks';
import { usePage, useText } from '../app/context.js';
import { problemText } from '../app/problem.js';
import type { Store } from '../app/store.js';
import { INPUT_SENSORS, INPUTS, type InputName } from '../inputs/inputs.js';
import { inputSensor } from '../sensors/defaults.js';
import { Problem } from './parts.js';

export function AddInput() {
  const { store } = usePage();
  const { input: words } = useText();
  const [problem, setProblem] = useState('');
  const taken = new Set(store.device.value.sensors.map((sensor) => sensor.id));
  const names = (Object.keys(INPUTS) as InputName[]).filter(
    (name) => INPUTS[name].there && !INPUT_SENSORS[name].some((id) => taken.has(id)),
  );
  const add = (event: { readonly currentTarget: HTMLSelectElement }) => {
    const name = names.find((wanted) => wanted === event.currentTarget.value);
    event.currentTarget.value = '';
    if (name === undefined) return;
    setProblem('');
    feed(name, store).catch((cause: unknown) => setProblem(`${words.names[name]}: ${problemText(cause)}`));
  };
  return (
    <>
      {names.length > 0 && (
        <label class="select">
          <span class="unseen">{words.add}</span>
          <select value="" onChange={add}>
            <option value="">+ {words.add}</option>
            {names.map((name) => (
              <option key={name} value={name}>
                {words.names[name]}
              </option>
            ))}
          </select>
        </label>
      )}
      {problem !== '' && <Problem>{problem}</Problem>}
    </>
  );
}

/** Lets an input feed its sensors until the last of them is taken away. */
async function feed(name: InputName, store: Store): Promise<void> {
  const end = new AbortController();
  const ids = INPUT_SENSORS[name];
  // The first values may come before the sensors are there.
  const latest = new Map<string, number>();
  const tell = (id: string, value: number) => {
    latest.set(id, value);
    store.dispatch({ type: 'sensor/input', id, value });
  };
  await INPUTS[name].listen(tell, end.signal);
  for (const id of ids) store.dispatch({ type: 'sensor/added', sensor: inputSensor(id) });
  for (const [id, value] of latest) store.dispatch({ type: 'sensor/input', id, value });
  const stop = effect(() => {
    if (store.device.value.sensors.some((sensor) => ids.includes(sensor.id) && sensor.generator === 'input'))
      return;
    end.abort();
  });
  end.signal.addEventListener('abort', () => queueMicrotask(stop), { once: true });
}
