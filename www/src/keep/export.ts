/** What was recorded, as files that other tools read: JSON lines with everything, CSV with the numbers. Pure. */
import { bodyText, type TelemetryEvent } from '../hub/hub-event.js';
import type { Series } from '../service/series.js';

/** One line for each message, oldest first. */
export function jsonLines(recorded: readonly TelemetryEvent[]): string {
  return recorded
    .map(({ at, deviceId, body, properties, systemProperties }) => {
      const line = { at, deviceId, body: bodyText(body), properties, systemProperties };
      return `${JSON.stringify(line)}\n`;
    })
    .join('');
}

/** One row for each time, one column for each number seen. */
export function csv({ times, columns }: Series): string {
  const names = Object.keys(columns);
  const rows = times.map((time, index) => {
    const cells = names.map((name) => columns[name]?.[index] ?? '');
    return [new Date(time * 1_000).toISOString(), ...cells].map(String).map(quoted).join(',');
  });
  return [['time', ...names].map(quoted).join(','), ...rows].map((row) => `${row}\r\n`).join('');
}

/** Quoted where it must be, and never a formula to the program that opens it. */
function quoted(cell: string): string {
  const harmless = /^[=@\t\r]/.test(cell) || /^[+-](?![\d.])/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
