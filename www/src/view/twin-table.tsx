/** The twin in three columns, path by path, with a mark where they differ. */
import { usePage, useText } from '../app/context.js';
import { compared, type TwinRow } from '../twin/compare.js';
import type { Json } from '../twin/json.js';
import { Empty } from './parts.js';

export function TwinTable() {
  const { store } = usePage();
  const { twin: words } = useText();
  const { twin } = store.service.value;
  const { seen, seenVersion, reported } = store.device.value.twin;
  const rows = compared(twin?.desired ?? seen, seen, twin?.reported ?? reported);
  if (rows.length === 0) return <Empty>{words.empty}</Empty>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a table that scrolls sideways must be reachable by keyboard
    <section class="table-place" tabIndex={0} aria-label={words.table}>
      <table class="twin" data-testid="twin">
        <thead>
          <tr>
            <th scope="col">{words.path}</th>
            <th scope="col">
              {words.desired} <Version number={twin?.desiredVersion ?? 0} />
            </th>
            <th scope="col">
              {words.seen} <Version number={seenVersion} />
            </th>
            <th scope="col">
              {words.reported} <Version number={twin?.reportedVersion ?? 0} />
            </th>
            <th scope="col">
              <span class="unseen">{words.state}</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <Row key={row.path} row={row} />
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Row({ row }: { readonly row: TwinRow }) {
  const { twin: words } = useText();
  return (
    <tr class={`twin-${row.state}`}>
      <th scope="row">
        <code>{row.path}</code>
      </th>
      <Cell value={row.desired} />
      <Cell value={row.seen} />
      <Cell value={row.reported} />
      <td>
        <span class="twin-state">{words.states[row.state]}</span>
      </td>
    </tr>
  );
}

function Cell({ value }: { readonly value: Json | undefined }) {
  return <td>{value === undefined ? <span class="hint">–</span> : <code>{JSON.stringify(value)}</code>}</td>;
}

function Version({ number }: { readonly number: number }) {
  return number > 0 ? <span class="tag">{number}</span> : null;
}
