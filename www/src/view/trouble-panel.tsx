/** Trouble on purpose: one press each, and the gauges beside it that show how the client comes through. */
import type { Fault } from 'iothub-wasm/hub';
import { useState } from 'preact/hooks';
import { usePage, useText } from '../app/context.js';
import { knockWithWrongKey, takeOver } from '../device/trouble.js';
import type { Text } from '../text/text.js';
import { LinkGauges } from './link-gauges.js';
import { Problem } from './parts.js';
import { useProgress } from './progress.js';

type Trouble = keyof Text['trouble']['kinds'];

/** What each press asks the hub for; the two that are missing are made by a second client. */
const FAULTS: Readonly<Partial<Record<Trouble, Fault>>> = {
  cut: { kind: 'cut' },
  halfOpen: { kind: 'half-open' },
  slow: { kind: 'delay', ms: 2_000, forMs: 20_000 },
  throttle: { kind: 'throttle', ms: 1_000, closeAfterMs: 8_000, count: 1 },
  refuse: { kind: 'refuse', code: 3, count: 2 },
  dropPuback: { kind: 'drop-puback', count: 3 },
  duplicate: { kind: 'duplicate', count: 5 },
  expireToken: { kind: 'expire-token' },
};

const ORDER: readonly Trouble[] = [
  'cut',
  'halfOpen',
  'slow',
  'throttle',
  'expireToken',
  'refuse',
  'dropPuback',
  'duplicate',
  'takenOver',
  'wrongKey',
  'restart',
];

export function TroublePanel() {
  const { store, session } = usePage();
  const { trouble: words } = useText();
  const [last, setLast] = useState<Trouble | null>(null);
  const [progress, run] = useProgress<string>();

  const make = async (trouble: Trouble): Promise<string> => {
    if (trouble === 'takenOver') await takeOver(session.identity());
    else if (trouble === 'wrongKey') return knockWithWrongKey(session.identity());
    else if (trouble === 'restart') await session.service().trouble({ kind: 'restart' });
    else {
      const fault = FAULTS[trouble];
      if (fault !== undefined)
        await session.service().trouble({ ...fault, deviceId: store.device.peek().id });
    }
    return '';
  };
  const press = (trouble: Trouble) => {
    setLast(trouble);
    void run(() => make(trouble));
  };
  const calm = () => {
    setLast(null);
    void run(async () => {
      await session.service().endTrouble();
      return words.calmed;
    });
  };
  return (
    <div class="form">
      <LinkGauges />
      <div class="troubles">
        {ORDER.map((trouble) => (
          <button key={trouble} type="button" class="button trouble" onClick={() => press(trouble)}>
            {words.kinds[trouble]}
          </button>
        ))}
        <button type="button" class="button quiet" onClick={calm}>
          {words.calm}
        </button>
      </div>
      <p class="finding" role="status">
        {last === null ? words.hint : words.what[last]} {progress.phase === 'done' && progress.result}
      </p>
      {progress.phase === 'failed' && <Problem>{progress.problem}</Problem>}
    </div>
  );
}
