/** Rows of name and value to edit, used by the forms that send messages. */
import { useText } from '../app/context.js';
import type { Properties } from '../hub/hub-event.js';

export interface PropertyRow {
  readonly key: string;
  readonly name: string;
  readonly value: string;
}

/** Rows without a name are not there yet; of two with one name the later stands. */
export function rowsToProperties(rows: readonly PropertyRow[]): Properties {
  return Object.fromEntries(rows.filter((row) => row.name !== '').map((row) => [row.name, row.value]));
}

interface PropertyRowsProps {
  readonly rows: readonly PropertyRow[];
  readonly change: (rows: readonly PropertyRow[]) => void;
}

export function PropertyRows({ rows, change }: PropertyRowsProps) {
  const { send } = useText();
  const edit = (key: string, part: Partial<PropertyRow>) =>
    change(rows.map((row) => (row.key === key ? { ...row, ...part } : row)));
  return (
    <fieldset class="property-rows">
      <legend class="unseen">{send.properties}</legend>
      {rows.map(({ key, name, value }) => (
        <div key={key} class="property-row">
          <input
            aria-label={send.name}
            placeholder={send.name}
            value={name}
            onInput={(event) => edit(key, { name: event.currentTarget.value })}
          />
          <input
            aria-label={send.value}
            placeholder={send.value}
            value={value}
            onInput={(event) => edit(key, { value: event.currentTarget.value })}
          />
          <button
            type="button"
            class="button quiet"
            aria-label={send.remove(name)}
            onClick={() => change(rows.filter((row) => row.key !== key))}
          >
            ×
          </button>
        </div>
      ))}
      <button
        type="button"
        class="button quiet"
        onClick={() => change([...rows, { key: crypto.randomUUID(), name: '', value: '' }])}
      >
        + {send.add}
      </button>
    </fieldset>
  );
}
