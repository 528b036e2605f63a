/** Adds a sensor from a template, as long as there is one that the device does not have. */
import { usePage, useText } from '../app/context.js';
import { TEMPLATES } from '../sensors/defaults.js';

export function AddSensor() {
  const { store } = usePage();
  const { sensor: words } = useText();
  const { sensors } = store.device.value;
  const left = TEMPLATES.filter((template) => !sensors.some((sensor) => sensor.id === template.id));
  if (left.length === 0) return null;
  const add = (event: { readonly currentTarget: HTMLSelectElement }) => {
    const wanted = left.find((template) => template.id === event.currentTarget.value);
    if (wanted !== undefined) store.dispatch({ type: 'sensor/added', sensor: wanted });
    event.currentTarget.value = '';
  };
  return (
    <label class="select add-sensor">
      <span class="unseen">{words.add}</span>
      <select value="" onChange={add}>
        <option value="">+ {words.add}</option>
        {left.map((template) => (
          <option key={template.id} value={template.id}>
            {words.names[template.id] ?? template.id}
          </option>
        ))}
      </select>
    </label>
  );
}
