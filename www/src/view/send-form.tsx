/** Writes a cloud-to-device message: a body, and properties by name and value. */
import { useState } from 'preact/hooks';
import { usePage, useText } from '../app/context.js';
import type { CloudToDevice } from '../hub/hub.js';
import { Outcomes } from './outcomes.js';
import { Problem } from './parts.js';
import { useProgress } from './progress.js';
import { type PropertyRow, PropertyRows, rowsToProperties } from './property-rows.js';

type Ack = NonNullable<CloudToDevice['ack']>;
/** Seconds that a message may wait for its device; an hour is what the hub gives by itself. */
const LIVES = ['3600', '60', '10'] as const;
const ACKS: readonly Ack[] = ['none', 'positive', 'negative', 'full'];

export function SendForm() {
  const { store, session } = usePage();
  const text = useText();
  const [body, setBody] = useState(text.send.sample);
  const [rows, setRows] = useState<readonly PropertyRow[]>([]);
  const [ack, setAck] = useState<Ack>('none');
  const [life, setLife] = useState<string>('3600');
  const [progress, run] = useProgress<void>();
  const submit = (event: Event) => {
    event.preventDefault();
    const message = {
      body,
      messageId: crypto.randomUUID(),
      ack,
      expiryTimeUtc: new Date(Date.now() + Number(life) * 1_000).toISOString(),
      properties: rowsToProperties(rows),
    };
    void run(() => session.service().sendCloudToDevice(store.device.peek().id, message));
  };
  return (
    <form class="form" onSubmit={submit}>
      <label class="field">
        <span>{text.send.body}</span>
        <textarea
          rows={3}
          spellcheck={false}
          value={body}
          onInput={(event) => setBody(event.currentTarget.value)}
        />
      </label>
      <PropertyRows rows={rows} change={setRows} />
      <div class="form-foot">
        <button type="submit" class="button primary" disabled={progress.phase === 'busy'}>
          {text.send.send}
        </button>
        <label class="select inline">
          <span>{text.send.ack}</span>
          <select value={ack} onChange={(event) => setAck(event.currentTarget.value as Ack)}>
            {ACKS.map((value) => (
              <option key={value} value={value}>
                {text.send.acks[value]}
              </option>
            ))}
          </select>
        </label>
        <label class="select inline">
          <span>{text.send.expires}</span>
          <select value={life} onChange={(event) => setLife(event.currentTarget.value)}>
            {LIVES.map((value) => (
              <option key={value} value={value}>
                {text.send.lives[value]}
              </option>
            ))}
          </select>
        </label>
        <span role="status" class="said">
          {progress.phase === 'done' && text.send.sent}
        </span>
      </div>
      {progress.phase === 'failed' && <Problem>{progress.problem}</Problem>}
      <Outcomes />
    </form>
  );
}
