/** The client's figures as tables, and what was asked of them. Called by `npm run bench -- client`. */
import { shown, table, targetTable } from '../lib/report.mjs';
import { IN_NODE, IN_PAGES, TITLES } from './contenders.mjs';

/** @typedef {Awaited<ReturnType<typeof import('./measure.mjs').measureClient>>} ClientFigures */
/** @typedef {import('../../pkg-scripts/lib/download.mjs').Row} Weight */

/** @param {ClientFigures} figures @param {Weight[]} weights @param {number} rounds @param {number} messages */
export function clientTables({ node, chromium }, weights, rounds, messages) {
  return [
    `Medians of ${rounds} rounds in turns, each turn in a fresh process or profile, after 2,000 messages that are not counted; ${messages.toLocaleString('en-US')} messages of 256 bytes with three properties, QoS 1, to a release hub. All at once is done twice: *first time* is what a fresh process or page does, the other rate and the CPU are those of the second time. CPU is that of the whole process in Node, of the main thread in Chromium; peak memory is that of the process after the first time, and of the renderer at the end.`,
    nodeTable(node),
    chromiumTable(chromium),
    table(
      ['What a page downloads', 'minified, bytes', 'brotli, bytes'],
      weights.map(({ name, raw, brotli }) => [name.trim(), shownExactly(raw), shownExactly(brotli)]),
    ),
    targetTable([...nodeTargets(node), ...chromiumTargets(chromium)]),
  ].join('\n\n');
}

/** @param {ClientFigures['node']} figures */
function nodeTable(figures) {
  const cpu = { head: 'CPU s per 100,000', of: (/** @type {string} */ name) => figures.all[name].cpuPer100k };
  const start = {
    head: 'load and connect, ms',
    of: (/** @type {string} */ name) => figures.single[name].connectMs,
  };
  return ratesTable('In Node', IN_NODE, figures, cpu, start);
}

/** @param {ClientFigures['chromium']} figures */
function chromiumTable(figures) {
  const cpu = {
    head: 'main thread s per 100,000',
    of: (/** @type {string} */ name) => figures.all[name].mainPer100k,
  };
  const start = {
    head: 'navigation to CONNACK, ms',
    of: (/** @type {string} */ name) => figures.connack[name].connackMs,
  };
  return ratesTable('In Chromium', IN_PAGES, figures, cpu, start);
}

/** @typedef {{ head: string, of: (name: string) => number }} Column */

/**
 * @param {string} place
 * @param {readonly string[]} names
 * @param {import('./node.mjs').Figures} figures
 * @param {Column} cpu
 * @param {Column} start
 */
function ratesTable(place, names, { all, window, single }, cpu, start) {
  /** @type {Column[]} */
  const columns = [
    { head: 'all at once, msg/s', of: (name) => all[name].perSecond },
    { head: 'first time', of: (name) => all[name].firstPerSecond },
    { head: 'window of 64, msg/s', of: (name) => window[name].perSecond },
    cpu,
    { head: 'peak MB', of: (name) => all[name].peakMb },
    { head: 'one at a time p50, ms', of: (name) => single[name].p50Ms },
    { head: 'p99, ms', of: (name) => single[name].p99Ms },
    start,
  ];
  const rows = names.map((name) => [TITLES[name], ...columns.map(({ of }) => shown(of(name)))]);
  return table([place, ...columns.map(({ head }) => head)], rows);
}

/** @param {ClientFigures['node']} figures */
function nodeTargets({ all, window, single }) {
  return [
    least('Node, all at once, of the floor', 0.6, all.ours.perSecond / all.floor.perSecond),
    least(
      'Node, all at once, first time, of the floor',
      0.6,
      all.ours.firstPerSecond / all.floor.firstPerSecond,
    ),
    least('Node, all at once, of MQTT.js', 15, all.ours.perSecond / all.mqttjs.perSecond),
    least('Node, window of 64, of MQTT.js', 8, window.ours.perSecond / window.mqttjs.perSecond),
    most('Node, CPU per 100,000, all at once', 1, all.ours.cpuPer100k, ' s'),
    most('Node, peak memory, all at once', 75, all.ours.peakMb, ' MB'),
    most(
      'Node, one at a time, p50, of the raw round trip',
      1.15,
      single.ours.p50Ms / single.frames.p50Ms,
      '×',
    ),
  ];
}

/** @param {ClientFigures['chromium']} figures */
function chromiumTargets({ all, single, connack }) {
  const toConnack = connack.ours.connackMs / connack.floor.connackMs;
  return [
    least('Chromium, all at once, of the floor', 0.85, all.ours.perSecond / all.floor.perSecond),
    least(
      'Chromium, all at once, first time, of the floor',
      0.85,
      all.ours.firstPerSecond / all.floor.firstPerSecond,
    ),
    least('Chromium, all at once, of MQTT.js', 4, all.ours.perSecond / all.mqttjs.perSecond),
    most('Chromium, main thread per 100,000, all at once', 1.6, all.ours.mainPer100k, ' s'),
    most(
      'Chromium, one at a time, p50, of the raw round trip',
      1.15,
      single.ours.p50Ms / single.frames.p50Ms,
      '×',
    ),
    most('Chromium, navigation to CONNACK, of a bare WebSocket', 1.35, toConnack, '×'),
  ];
}

/** @param {string} what @param {number} limit @param {number} seen */
function least(what, limit, seen) {
  return { what, target: `≥ ${limit}×`, seen: `${shown(seen)}×`, met: seen >= limit };
}

/** @param {string} what @param {number} limit @param {number} seen @param {string} unit */
function most(what, limit, seen, unit) {
  return { what, target: `≤ ${limit}${unit}`, seen: `${shown(seen)}${unit}`, met: seen <= limit };
}

/** @param {number} bytes */
function shownExactly(bytes) {
  return bytes.toLocaleString('en-US');
}
