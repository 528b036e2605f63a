/**
 * The numbers inside telemetry, over time, in the columns that the chart draws: one time column and one column for each
 * key seen. Pure and bounded; the service reducer appends, the chart only reads.
 */

export interface Series {
  /** Unix seconds, rising. */
  readonly times: readonly number[];
  readonly columns: Readonly<Record<string, readonly (number | null)[]>>;
}

export const NO_SERIES: Series = { times: [], columns: {} };

/** Ten minutes at a message a second. */
export const SERIES_KEEPS = 600;
/** More lines than this no one can tell apart. */
export const COLUMNS_KEEP = 6;

/**
 * The series with the numbers of one JSON body, measured at `seconds`; unchanged when the body holds none. What waited
 * on the device arrives late: it stands where it was measured.
 */
export function appended(series: Series, seconds: number, body: string): Series {
  const values = numbersIn(body);
  if (values.size === 0) return series;
  // Nearly always the end: the newest value comes last.
  const at = series.times.findLastIndex((time) => time <= seconds) + 1;
  const drop = Math.max(0, series.times.length + 1 - SERIES_KEEPS);
  const times = series.times.toSpliced(at, 0, seconds).slice(drop);
  const columns: Record<string, readonly (number | null)[]> = {};
  for (const [name, column] of Object.entries(series.columns)) {
    columns[name] = column.toSpliced(at, 0, values.get(name) ?? null).slice(drop);
  }
  for (const [name, value] of values) {
    if (name in columns || Object.keys(columns).length >= COLUMNS_KEEP) continue;
    columns[name] = Array.from(times, (_, index) => (index === at - drop ? value : null));
  }
  return { times, columns };
}

function numbersIn(body: string): Map<string, number> {
  const found = new Map<string, number>();
  try {
    const json: unknown = JSON.parse(body);
    if (typeof json !== 'object' || json === null) return found;
    for (const [name, value] of Object.entries(json)) {
      if (typeof value === 'number' && Number.isFinite(value)) found.set(name, value);
    }
  } catch {
    // Not JSON: nothing to draw, and nothing wrong either.
  }
  return found;
}
