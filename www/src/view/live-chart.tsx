/** The chart of the numbers in this device's telemetry: a legend with the latest values, a time span, pause, zoom. */
import { useEffect, useRef, useState } from 'preact/hooks';
import { usePage, useText } from '../app/context.js';
import type { Series } from '../service/series.js';
import { createPlot, type Plot } from './chart-plot.js';
import { decimal } from './format.js';
import { Card, Choice, Empty } from './parts.js';

const SPANS = ['60', '300', '600'] as const;
type Span = (typeof SPANS)[number];

export function LiveChart() {
  const { store } = usePage();
  const text = useText();
  const { chart } = text;
  const [span, setSpan] = useState<Span>('60');
  const [held, setHeld] = useState<Series | null>(null);
  const { series } = store.service.value;
  const shown = held ?? series;
  const names = Object.keys(shown.columns);
  const spanText = (value: Span) => (value === '60' ? chart.minute : chart.minutes(Number(value) / 60));
  const actions = (
    <>
      <Choice
        label={chart.window}
        value={span}
        options={SPANS.map((value) => ({ value, text: spanText(value) }))}
        choose={setSpan}
      />
      <button
        type="button"
        class="button"
        aria-pressed={held !== null}
        onClick={() => setHeld(held ? null : series)}
      >
        {held === null ? chart.pause : chart.resume}
      </button>
    </>
  );
  return (
    <Card title={chart.title} hint={chart.hint} actions={actions} class="chart-card">
      <Legend series={shown} />
      {names.length === 0 ? (
        <Empty>{text.service.empty}</Empty>
      ) : (
        <Drawing key={names.join('\n')} series={shown} span={Number(span)} />
      )}
    </Card>
  );
}

function Legend({ series }: { readonly series: Series }) {
  const text = useText();
  const { language } = usePage().store.page.value;
  return (
    <ul class="legend">
      {Object.entries(series.columns).map(([name, column], index) => (
        <li key={name} class={`line-${index + 1}`}>
          <span class="swatch" aria-hidden="true" />
          {text.sensor.names[name] ?? name}
          <b>{decimal(column.findLast((value) => value !== null) ?? 0, 1, language)}</b>
        </li>
      ))}
    </ul>
  );
}

function Drawing({ series, span }: { readonly series: Series; readonly span: number }) {
  const { store } = usePage();
  const text = useText();
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot | null>(null);
  const names = Object.keys(series.columns);
  const [zoomed, setZoomed] = useState(false);
  const { theme, language } = store.page.value;

  useEffect(() => {
    if (place.current === null) return;
    const made = createPlot(place.current, names, language, setZoomed);
    plot.current = made;
    return () => {
      plot.current = null;
      made.end();
      setZoomed(false);
    };
    // The colours are read when the plot is made, so a change of theme makes it anew; `names` is this view's key.
  }, [theme, language]);
  useEffect(() => plot.current?.draw(series, span), [series, span, theme, language]);

  return (
    <div class="plot-place">
      <div ref={place} class="plot" role="img" aria-label={text.chart.describe(names.join(', '))} />
      {zoomed && (
        <button type="button" class="button unzoom" onClick={() => plot.current?.unzoom()}>
          {text.chart.unzoom}
        </button>
      )}
    </div>
  );
}
