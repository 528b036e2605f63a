/**
 * The hub's figures as tables, and beside the targets. Called by `npm run bench -- hub`.
 */
import { shown, table, targetTable } from '../lib/report.mjs';
import { SHAPES } from './measure.mjs';

/** @param {import('./measure.mjs').HubFigures} figures @param {number} rounds @param {number} messages */
export function hubTables(figures, rounds, messages) {
  const intro = `Medians of ${rounds} rounds in turns; ${messages.toLocaleString('en-US')} messages of 256 bytes with three properties, QoS 1, a shape and round. One core is the load's.`;
  return [
    intro,
    throughputTable(figures),
    otherTable(figures),
    readersTable(figures),
    targetTable(targets(figures)),
  ].join('\n\n');
}

/** @param {import('./measure.mjs').HubFigures} figures */
function throughputTable({ telemetry }) {
  const rows = Object.entries(SHAPES).flatMap(([name, { title }]) => {
    const shape = telemetry[name];
    const row = (/** @type {string} */ head, /** @type {string} */ figure) => [
      `${title}: ${head}`,
      ...['hub', 'mosquitto', 'floor'].map((who) => shown(shape[who][figure])),
      shown(shape.hub[figure] / shape.mosquitto[figure]),
      shown(shape.hub[figure] / shape.floor[figure]),
    ];
    return [row('messages a second', 'perSecond'), row('CPU s per 100,000', 'cpuPer100k')];
  });
  return table(['Telemetry', 'iothub-local', 'mosquitto', 'floor', 'hub : mosquitto', 'hub : floor'], rows);
}

/** @param {import('./measure.mjs').HubFigures} figures */
function otherTable({ start, connects, idle }) {
  const row = (
    /** @type {string} */ head,
    /** @type {Record<string, Record<string, number>>} */ from,
    /** @type {string} */ figure,
  ) => [head, ...['hub', 'mosquitto', 'floor'].map((who) => shown(from[who][figure]))];
  return table(
    ['Besides', 'iothub-local', 'mosquitto', 'floor'],
    [
      row('start to ready, ms', start, 'milliseconds'),
      ['the same with a file of 10,000 devices, ms', shown(start.hubWithFile.milliseconds), '–', '–'],
      row('connects a second (only the hub checks a token)', connects, 'perSecond'),
      row('CPU s per 1,000 connects', connects, 'cpuPer1000'),
      row('memory fresh, MB', idle, 'freshMb'),
      row('memory per 1,000 idle links, MB', idle, 'mbPer1000'),
    ],
  );
}

/** @param {import('./measure.mjs').HubFigures} figures */
function readersTable({ readers }) {
  const rows = Object.entries({
    none: 'none',
    slow: 'one that never reads',
    both: 'that one, and a fast one',
  });
  return table(
    ['Readers of `/local/events`', 'messages a second', 'of the rate without', 'CPU s per 100,000'],
    rows.map(([name, title]) => [
      title,
      shown(readers[name].perSecond),
      shown(readers[name].perSecond / readers.none.perSecond),
      shown(readers[name].cpuPer100k),
    ]),
  );
}

/** @param {import('./measure.mjs').HubFigures} figures */
function targets({ start, telemetry, connects, idle, readers }) {
  const most = (
    /** @type {string} */ what,
    /** @type {number} */ limit,
    /** @type {number} */ seen,
    unit = '',
  ) => ({
    what,
    target: `≤ ${limit}${unit}`,
    seen: `${shown(seen)}${unit}`,
    met: seen <= limit,
  });
  const least = (
    /** @type {string} */ what,
    /** @type {number} */ limit,
    /** @type {number} */ seen,
    unit = '',
  ) => ({
    what,
    target: `≥ ${limit.toLocaleString('en-US')}${unit}`,
    seen: `${shown(seen)}${unit}`,
    met: seen >= limit,
  });
  const ratio = (/** @type {string} */ shape) =>
    telemetry[shape].hub.perSecond / telemetry[shape].mosquitto.perSecond;
  return [
    most('start in memory', 20, start.hub.milliseconds, ' ms'),
    most('start with 10,000 devices', 250, start.hubWithFile.milliseconds, ' ms'),
    least('1 link, window 64, beside mosquitto', 3, ratio('one'), '×'),
    least('50 links, window 32, beside mosquitto', 3, ratio('fifty'), '×'),
    most('CPU per 100,000, 1 link', 0.4, telemetry.one.hub.cpuPer100k, ' s'),
    most('CPU per 100,000, 50 links', 0.4, telemetry.fifty.hub.cpuPer100k, ' s'),
    most('memory per 1,000 idle links', 8, idle.hub.mbPer1000, ' MB'),
    least('connects a second, token checked', 3000, connects.hub.perSecond),
    least('rate with a reader that never reads', 0.95, readers.slow.perSecond / readers.none.perSecond, '×'),
    least('rate with a slow and a fast reader', 0.9, readers.both.perSecond / readers.none.perSecond, '×'),
  ];
}
