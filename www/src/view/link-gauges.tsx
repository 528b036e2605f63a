/** How the link does: what waits, what flies, what was sent again, and how long acknowledgements take. */
import { usePage, useText } from '../app/context.js';
import { binned } from '../device/histogram.js';
import { milliseconds } from './format.js';

export function LinkGauges() {
  const { store } = usePage();
  const { gauges: words } = useText();
  const { language } = store.page.value;
  const { metrics } = store.device.value;
  const figures = [
    [words.queued, metrics.queued],
    [words.inFlight, metrics.inFlight],
    [words.resent, metrics.resent],
    [words.reconnects, metrics.reconnects],
  ] as const;
  return (
    <div class="gauges" data-testid="gauges">
      <dl>
        {figures.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value.toLocaleString(language)}</dd>
          </div>
        ))}
      </dl>
      <Histogram />
    </div>
  );
}

const WIDTH = 240;
const HEIGHT = 44;

function Histogram() {
  const { store } = usePage();
  const { gauges: words } = useText();
  const { language } = store.page.value;
  const { roundTrips } = store.device.value;
  const bins = binned(roundTrips);
  const highest = Math.max(1, ...bins.map((bin) => bin.count));
  const width = WIDTH / bins.length;
  const median = roundTrips.toSorted((one, other) => one - other)[Math.floor(roundTrips.length / 2)] ?? null;
  const label = `${words.roundTrips}: ${words.median} ${milliseconds(median, language)}`;
  return (
    <figure class="histogram">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label} preserveAspectRatio="none">
        {bins.map((bin, index) => {
          const height = bin.count === 0 ? 1 : 3 + (bin.count / highest) * (HEIGHT - 3);
          return (
            <rect
              key={bin.below}
              x={index * width}
              y={HEIGHT - height}
              width={width - 2}
              height={height}
              rx="1"
            />
          );
        })}
      </svg>
      <figcaption>
        {bins.map((bin, index) => (
          <span key={bin.below}>{index % 2 === 0 ? binName(bin.below) : ''}</span>
        ))}
      </figcaption>
      <p class="hint">{label}</p>
    </figure>
  );
}

function binName(below: number): string {
  if (below === Number.POSITIVE_INFINITY) return '≫';
  return below < 1_000 ? `${below} ms` : `${below / 1_000} s`;
}
