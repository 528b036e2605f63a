/** One small square for each device of the fleet, on a canvas, so that a thousand of them cost nothing. */
import { useEffect, useRef } from 'preact/hooks';
import { usePage, useText } from '../app/context.js';
import { FLEET_STATES, type FleetDeviceState } from '../fleet/state.js';

const CELL_PX = 12;
const GAP_PX = 2;
/** The custom property that colours each state, in the order of `FLEET_STATES`. */
const COLOURS = [
  '--fleet-off',
  '--fleet-connecting',
  '--fleet-connected',
  '--fleet-sending',
  '--fleet-trouble',
];

export function HeatMap() {
  const { store } = usePage();
  const { fleet: words } = useText();
  const canvas = useRef<HTMLCanvasElement>(null);
  const { states, chosen, size } = store.fleet.value;
  const { theme } = store.page.value;
  useEffect(() => {
    if (canvas.current !== null) draw(canvas.current, states, chosen);
  }, [states, chosen, theme]);

  const choose = (index: number) => {
    if (index >= 0 && index < size) store.dispatch({ type: 'fleet/chosen', index });
  };
  const point = (event: PointerEvent & { readonly currentTarget: HTMLCanvasElement }) => {
    const columns = columnsIn(event.currentTarget);
    const column = Math.floor(event.offsetX / CELL_PX);
    if (column < columns) choose(Math.floor(event.offsetY / CELL_PX) * columns + column);
  };
  return (
    <>
      <canvas
        ref={canvas}
        class="heat-map"
        role="img"
        aria-label={`${words.map}: ${summary(states, words.states)}`}
        onPointerDown={point}
      />
      <ul class="fleet-states" aria-hidden="true">
        {countsOf(states).map(([name, count]) => (
          <li key={name} class={`fleet-${name}`}>
            {words.states[name]} <b>{count}</b>
          </li>
        ))}
      </ul>
      <label class="select inline">
        <span>{words.number}</span>
        <input
          type="number"
          min={1}
          max={size}
          value={chosen === null ? '' : chosen + 1}
          onInput={(event) => choose(event.currentTarget.valueAsNumber - 1)}
        />
      </label>
    </>
  );
}

function columnsIn(canvas: HTMLCanvasElement): number {
  return Math.max(1, Math.floor(canvas.clientWidth / CELL_PX));
}

function draw(canvas: HTMLCanvasElement, states: Uint8Array, chosen: number | null): void {
  const columns = columnsIn(canvas);
  const height = Math.ceil(states.length / columns) * CELL_PX;
  const scale = devicePixelRatio;
  canvas.width = canvas.clientWidth * scale;
  canvas.height = height * scale;
  canvas.style.height = `${height}px`;
  const pen = canvas.getContext('2d');
  if (pen === null) return;
  const look = getComputedStyle(canvas);
  const colours = COLOURS.map((name) => look.getPropertyValue(name));
  pen.scale(scale, scale);
  states.forEach((state, index) => {
    pen.fillStyle = colours[state] ?? '';
    pen.fillRect(
      (index % columns) * CELL_PX,
      Math.floor(index / columns) * CELL_PX,
      CELL_PX - GAP_PX,
      CELL_PX - GAP_PX,
    );
  });
  if (chosen === null) return;
  pen.strokeStyle = look.color;
  pen.lineWidth = 2;
  pen.strokeRect(
    (chosen % columns) * CELL_PX,
    Math.floor(chosen / columns) * CELL_PX,
    CELL_PX - GAP_PX,
    CELL_PX - GAP_PX,
  );
}

function countsOf(states: Uint8Array): readonly (readonly [FleetDeviceState, number])[] {
  return FLEET_STATES.map((name, index) => [name, states.filter((state) => state === index).length]);
}

function summary(states: Uint8Array, words: Record<FleetDeviceState, string>): string {
  return countsOf(states)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => `${count} ${words[name]}`)
    .join(', ');
}
