/** The board: an LED, a display and a relay, driven by desired properties, so that a change is seen. */
import { usePage, useText } from '../app/context.js';
import { Card } from './parts.js';

export function BoardCard() {
  const { store } = usePage();
  const { board: words } = useText();
  const { led, display, relay, telemetryInterval } = store.device.value.board;
  return (
    <Card title={words.title} hint={words.hint}>
      <div class="board" data-testid="board">
        <figure>
          <span class={`led led-${led}`} role="img" aria-label={words.led(led)} />
          <figcaption>
            LED <b>{led}</b>
          </figcaption>
        </figure>
        <figure>
          <span class={`relay ${relay ? 'relay-on' : ''}`} role="img" aria-label={words.relay(relay)} />
          <figcaption>
            {words.relayName} <b>{relay ? words.on : words.off}</b>
          </figcaption>
        </figure>
        <figure class="board-wide">
          <output class="display" aria-label={words.display}>
            {display === '' ? <span class="hint">{words.displayEmpty}</span> : display}
          </output>
          <figcaption>{words.interval(telemetryInterval)}</figcaption>
        </figure>
      </div>
    </Card>
  );
}
