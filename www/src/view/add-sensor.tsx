/** Adds a sensor: one of the templates that the device does not have, or one of someone's own. */
import { useState } from 'preact/hooks';
import { usePage, useText } from '../app/context.js';
import { ownSensor, SENSOR_NAME, TEMPLATES } from '../sensors/defaults.js';

/** No template is called like this: a sensor's name holds no dot. */
const OWN = 'own.';

export function AddSensor() {
  const { store } = usePage();
  const { sensor: words } = useText();
  const [describes, setDescribes] = useState(false);
  const { sensors } = store.device.value;
  const left = TEMPLATES.filter((template) => !sensors.some((sensor) => sensor.id === template.id));
  const add = (event: { readonly currentTarget: HTMLSelectElement }) => {
    const { value } = event.currentTarget;
    event.currentTarget.value = '';
    setDescribes(value === OWN);
    const wanted = left.find((template) => template.id === value);
    if (wanted !== undefined) store.dispatch({ type: 'sensor/added', sensor: wanted });
  };
  return (
    <>
      <label class="select add-sensor">
        <span class="unseen">{words.add}</span>
        <select value="" onChange={add}>
          <option value="">+ {words.add}</option>
          {left.map((template) => (
            <option key={template.id} value={template.id}>
              {words.names[template.id] ?? template.id}
            </option>
          ))}
          <option value={OWN}>{words.own}</option>
        </select>
      </label>
      {describes && <OwnSensorForm done={() => setDescribes(false)} />}
    </>
  );
}

function OwnSensorForm({ done }: { readonly done: () => void }) {
  const { store } = usePage();
  const { sensor: words } = useText();
  const [id, setId] = useState('');
  const [unit, setUnit] = useState('');
  const [from, setFrom] = useState('0');
  const [to, setTo] = useState('100');
  const [min, max] = [numberOf(from), numberOf(to)];
  const taken = store.device.value.sensors.some((sensor) => sensor.id === id);
  const sound = SENSOR_NAME.test(id) && !taken && min < max;
  const submit = (event: Event) => {
    event.preventDefault();
    store.dispatch({ type: 'sensor/added', sensor: ownSensor({ id, unit, min, max }) });
    done();
  };
  return (
    <form class="card form own-sensor" onSubmit={submit} onKeyDown={({ key }) => key === 'Escape' && done()}>
      <div class="form-row">
        <OwnField label={words.ownName} value={id} change={setId} />
        <OwnField label={words.ownUnit} value={unit} change={setUnit} />
        <OwnField label={words.ownFrom} inputMode="decimal" value={from} change={setFrom} />
        <OwnField label={words.ownTo} inputMode="decimal" value={to} change={setTo} />
      </div>
      <div class="form-foot">
        <button type="submit" class="button" disabled={!sound}>
          {words.ownAdd}
        </button>
        <button type="button" class="button quiet" onClick={done}>
          {words.ownCancel}
        </button>
        <span class="hint">{words.ownHint}</span>
      </div>
    </form>
  );
}

interface OwnFieldProps {
  readonly label: string;
  readonly value: string;
  readonly inputMode?: 'text' | 'decimal';
  readonly change: (text: string) => void;
}

function OwnField({ label, value, inputMode = 'text', change }: OwnFieldProps) {
  return (
    <label class="field field-short">
      <span>{label}</span>
      <input
        inputMode={inputMode}
        spellcheck={false}
        autocomplete="off"
        maxLength={64}
        value={value}
        onInput={(event) => change(event.currentTarget.value)}
      />
    </label>
  );
}

/** A range that is not written down yet is no range. */
const numberOf = (text: string) => (text.trim() === '' ? Number.NaN : Number(text));
