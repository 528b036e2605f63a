/** Writes a cloud-to-device message: a body, and properties by name and value. */
import { useState } from 'preact/hooks';
import { usePage, useText } from '../app/context.js';
import { problemText } from '../app/problem.js';
import { Card, Problem } from './parts.js';
import { type PropertyRow, PropertyRows, rowsToProperties } from './property-rows.js';

type Progress =
  | { readonly phase: 'idle' | 'sending' | 'sent' }
  | { readonly phase: 'failed'; readonly problem: string };

export function SendForm() {
  const { session } = usePage();
  const text = useText();
  const [body, setBody] = useState(text.send.sample);
  const [rows, setRows] = useState<readonly PropertyRow[]>([]);
  const [progress, setProgress] = useState<Progress>({ phase: 'idle' });

  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    setProgress({ phase: 'sending' });
    try {
      await session.sendCloudToDevice({
        body,
        messageId: crypto.randomUUID(),
        properties: rowsToProperties(rows),
      });
      setProgress({ phase: 'sent' });
    } catch (cause) {
      setProgress({ phase: 'failed', problem: problemText(cause) });
    }
  }

  return (
    <Card title={text.send.title}>
      <form class="send" onSubmit={(event) => void submit(event)}>
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
        <div class="send-foot">
          <button type="submit" class="button primary" disabled={progress.phase === 'sending'}>
            {progress.phase === 'sending' ? text.send.sending : text.send.send}
          </button>
          <span role="status" class="said">
            {progress.phase === 'sent' && text.send.sent}
          </span>
        </div>
        {progress.phase === 'failed' && <Problem>{progress.problem}</Problem>}
      </form>
    </Card>
  );
}
