/**
 * Figures as tables: on the terminal, in `docs/bench.md` between the two marks of a section, and as JSON beside
 * the sources. Used by both benches.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const DOCUMENT = path.join(ROOT, 'docs', 'bench.md');

/** A figure as people read it: three digits, thousands apart; JSON writes what is no number as null. */
export function shown(/** @type {number | null | undefined} */ value) {
  if (value === undefined || value === null || Number.isNaN(value)) return '–';
  if (value >= 1000) return Math.round(Number(value.toPrecision(3))).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

/**
 * @param {string[]} heads
 * @param {string[][]} rows
 */
export function table(heads, rows) {
  const line = (/** @type {string[]} */ cells) => `| ${cells.join(' | ')} |`;
  const rule = heads.map((_, column) => (column === 0 ? '---' : '--:'));
  return [line(heads), line(rule), ...rows.map(line)].join('\n');
}

/**
 * A table of targets: what was asked for, what was seen.
 * @param {{ what: string, target: string, seen: string, met: boolean }[]} rows
 */
export function targetTable(rows) {
  return table(
    ['Target', 'asked', 'seen', 'met'],
    rows.map(({ what, target, seen, met }) => [what, target, seen, met ? 'yes' : '**no**']),
  );
}

/** What the figures were measured on. */
export function machine() {
  const [cpu] = os.cpus();
  return {
    date: new Date().toISOString(),
    cpu: `${os.cpus().length} × ${cpu?.model.trim() ?? 'unknown'}`,
    system: `${os.type()} ${os.release()}`,
    node: process.version,
    loadAverage: os.loadavg().map((load) => Number(load.toFixed(1))),
  };
}

/** @param {ReturnType<typeof machine>} before @param {Record<string, string>} versions */
export function conditions(before, versions) {
  const loads = `load average ${before.loadAverage[0]} at the start, ${os.loadavg()[0].toFixed(1)} at the end`;
  const list = Object.entries({ Node: before.node, ...versions }).map((entry) => entry.join(' '));
  return `Measured ${before.date.slice(0, 16).replace('T', ' ')} UTC on ${before.cpu}, ${before.system}; ${list.join(', ')}; ${loads}.`;
}

/**
 * Prints a section, puts it into the document, and keeps its figures.
 * @param {string} name of the section: `hub`, `client`
 * @param {string} text
 * @param {unknown} figures
 */
export function publish(name, text, figures) {
  console.log(`\n${text}\n`);
  const [open, close] = [`<!-- ${name}: written by npm run bench -->`, `<!-- /${name} -->`];
  const old = fs.readFileSync(DOCUMENT, 'utf8');
  const [from, to] = [old.indexOf(open), old.indexOf(close)];
  if (from < 0 || to < from) throw new Error(`docs/bench.md has no marks ${open} and ${close}`);
  fs.writeFileSync(DOCUMENT, `${old.slice(0, from + open.length)}\n\n${text}\n\n${old.slice(to)}`);
  const file = path.join(ROOT, 'bench', 'results', `${name}.json`);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, `${JSON.stringify(figures, null, 2)}\n`);
}
