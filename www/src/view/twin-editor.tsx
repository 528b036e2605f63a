/** The service's side of the twin: a patch for the desired properties, checked as it is typed, and the comparison. */
import { useState } from 'preact/hooks';
import { usePage, useText } from '../app/context.js';
import type { Text } from '../text/text.js';
import { checkPatch, type Finding } from '../twin/check.js';
import { Problem } from './parts.js';
import { useProgress } from './progress.js';
import { TwinTable } from './twin-table.js';

/** What the board understands, one press away. */
const PRESETS = [
  '{"led":"green"}',
  '{"led":"off"}',
  '{"display":"Hello!"}',
  '{"relay":true}',
  '{"telemetryInterval":5}',
];

export function TwinEditor() {
  const { store, session } = usePage();
  const text = useText();
  const [patch, setPatch] = useState('{\n  "led": "green",\n  "display": "Hello!"\n}');
  const [progress, run] = useProgress<void>();
  const checked = checkPatch(patch);
  const send = async () => {
    if (checked.finding !== null) return;
    const twin = await session.service().patchDesired(store.device.peek().id, checked.patch);
    store.dispatch({ type: 'service/twin', twin });
  };
  const submit = (event: Event) => {
    event.preventDefault();
    void run(send);
  };
  return (
    <form class="form" onSubmit={submit}>
      <TwinTable />
      <label class="field">
        <span>{text.twin.patch}</span>
        <textarea
          rows={4}
          spellcheck={false}
          value={patch}
          aria-invalid={checked.finding !== null}
          onInput={(event) => setPatch(event.currentTarget.value)}
        />
      </label>
      <p class="finding" role="status">
        {checked.finding === null ? text.twin.hint : findingText(checked.finding, text)}
      </p>
      <div class="form-foot">
        <button
          type="submit"
          class="button primary"
          disabled={checked.finding !== null || progress.phase === 'busy'}
        >
          {text.twin.apply}
        </button>
        {PRESETS.map((preset) => (
          <button key={preset} type="button" class="button preset" onClick={() => setPatch(preset)}>
            <code>{preset}</code>
          </button>
        ))}
      </div>
      {progress.phase === 'failed' && <Problem>{progress.problem}</Problem>}
    </form>
  );
}

function findingText(finding: Finding, { twin }: Text): string {
  switch (finding.kind) {
    case 'not-json':
      return twin.notJson(finding.said);
    case 'size':
      return twin.size(finding.bytes);
    case 'not-object':
    case 'empty':
      return twin.findings[finding.kind];
    default:
      return `${finding.path}: ${twin.findings[finding.kind]}`;
  }
}
