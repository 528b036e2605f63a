/**
 * The one file that knows uPlot: makes a plot in an element, in the page's colours, and draws a series into it. The
 * live chart owns it. Each line has a scale of its own, because 21 °C and 48 % share no axis; the first two are shown.
 */
import uPlot from 'uplot';
import type { Series } from '../service/series.js';

export interface Plot {
  /** Draws the last `span` seconds, unless someone has zoomed in: then the zoom stays. */
  draw(series: Series, span: number): void;
  /** Shows the whole span again. */
  unzoom(): void;
  end(): void;
}

const HEIGHT_PX = 190;

/** `tellZoom` hears when someone has zoomed in, and when it is over. */
export function createPlot(
  place: HTMLElement,
  names: readonly string[],
  language: string,
  tellZoom: (zoomed: boolean) => void,
): Plot {
  let zoomed = false;
  const zoom = (now: boolean) => {
    if (now !== zoomed) tellZoom(now);
    zoomed = now;
  };
  let latest: Series | null = null;
  let span = 60;
  const plot = new uPlot(options(place, names, language), [[]], place);
  const draw = () => {
    if (latest === null) return;
    const end = latest.times.at(-1) ?? 0;
    plot.setData(columnsOf(latest, names), false);
    if (!zoomed) plot.setScale('x', { min: end - span, max: end });
    else plot.redraw();
  };
  const resized = new ResizeObserver(() => plot.setSize({ width: place.clientWidth, height: HEIGHT_PX }));
  resized.observe(place);
  plot.over.addEventListener('mouseup', () => {
    if (plot.select.width > 0) zoom(true);
  });
  const unzoom = () => {
    zoom(false);
    draw();
  };
  plot.over.addEventListener('dblclick', unzoom);
  const media = matchMedia('(prefers-color-scheme: dark)');
  const recolour = () => plot.redraw(false, true);
  media.addEventListener('change', recolour);
  return {
    draw: (series, seconds) => {
      if (seconds !== span) zoom(false);
      latest = series;
      span = seconds;
      draw();
    },
    unzoom,
    end: () => {
      media.removeEventListener('change', recolour);
      resized.disconnect();
      plot.destroy();
    },
  };
}

function columnsOf(series: Series, names: readonly string[]): uPlot.AlignedData {
  return [[...series.times], ...names.map((name) => [...(series.columns[name] ?? [])])];
}

function options(place: HTMLElement, names: readonly string[], language: string): uPlot.Options {
  const colour = (name: string) => () => getComputedStyle(place).getPropertyValue(name).trim();
  const time = new Intl.DateTimeFormat(language, {
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  });
  const font = `11px ${getComputedStyle(place).fontFamily}`;
  const axis = { stroke: colour('--plot-ink'), font, ticks: { show: false }, gap: 8 };
  return {
    width: place.clientWidth,
    height: HEIGHT_PX,
    legend: { show: false },
    cursor: { points: { size: 7 }, drag: { x: true, y: false } },
    scales: Object.fromEntries([['x', { time: true }], ...names.map((name) => [name, { range: roomy }])]),
    axes: [
      {
        ...axis,
        space: 90,
        size: 26,
        grid: { show: false },
        values: (_, splits) => splits.map((at) => time.format(at * 1000)),
      },
      ...names.slice(0, 2).map((name, index) => ({
        ...axis,
        scale: name,
        side: index === 0 ? (3 as const) : (1 as const),
        size: 46,
        stroke: colour(`--line-${index + 1}`),
        grid: { show: index === 0, stroke: colour('--plot-grid'), width: 1 },
      })),
    ],
    series: [
      {},
      ...(names.map((name, index) => ({
        label: name,
        scale: name,
        stroke: colour(`--line-${index + 1}`),
        width: 2,
        points: { show: false },
      })) as uPlot.Series[]),
    ],
  };
}

/** Some air above and below, and never so tight that noise looks like weather. */
function roomy(_: uPlot, low: number | null, high: number | null): uPlot.Range.MinMax {
  if (low === null || high === null) return [0, 1];
  const middle = (low + high) / 2;
  const half = Math.max((high - low) / 2, Math.abs(middle) * 0.05, 0.5) * 1.25;
  return [middle - half, middle + half];
}
