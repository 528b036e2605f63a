/** Until the client's next attempt: counts down once a second, and lets nobody wait who does not want to. */
import { useEffect, useState } from 'preact/hooks';
import { usePage, useText } from '../app/context.js';

export function Countdown({ until }: { readonly until: number }) {
  const { session } = usePage();
  const { device: words } = useText();
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, [until]);
  const seconds = Math.max(0, Math.ceil((until - now) / 1_000));
  return (
    <span class="countdown">
      {words.nextAttempt(seconds)}
      {seconds > 2 && (
        <button type="button" class="button" onClick={() => session.restartDevice()}>
          {words.now}
        </button>
      )}
    </span>
  );
}
