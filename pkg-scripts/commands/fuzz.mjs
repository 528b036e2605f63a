/**
 * `pkg-scripts/fuzz --seconds 3600 --target rest`: runs the fuzz targets under libFuzzer for so many seconds of CPU,
 * all of them or the named one, and writes what came of it into `docs/proof.md` when it was an hour or more.
 * `--jobs N` has so many at work side by side. `--keep` takes the smallest inputs that cover the same code into `fuzz/corpus/`.
 *
 * It needs no nightly compiler: the instrumentation is an LLVM pass that stable Rust can be asked for.
 */
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { machine, shown, table } from '../../bench/lib/report.mjs';
import { Failure, runMain } from '../lib/failure.mjs';
import { fuzzOne } from '../lib/libfuzzer.mjs';
import { root, targetDir } from '../lib/paths.mjs';
import { publishProof, sources } from '../lib/proof.mjs';
import { ask, run } from '../lib/run.mjs';
import { ensureToolchain } from '../lib/rust.mjs';
import { runSteps } from '../lib/steps.mjs';

const HOUR = 3600;
/** The folder of the build, apart from the others': it has flags of its own. */
const buildDir = path.join(targetDir, 'fuzz');
const corpora = path.join(buildDir, 'corpus');
/** So many inputs of a target are kept in the repository, none longer than this. */
const KEPT = 150;
const KEPT_BYTES = 400;

const SANCOV = ['level=4', 'inline-8bit-counters', 'pc-table', 'trace-compares'];
const FLAGS = [
  '-Cpasses=sancov-module',
  ...SANCOV.map((what) => `-Cllvm-args=-sanitizer-coverage-${what}`),
  '--cfg=fuzzing',
  '-Ccodegen-units=1',
];

/** @typedef {{ name: string, about: string }} Target */
/** @typedef {Target & import('../lib/libfuzzer.mjs').Outcome} Row */

/** Entry of `pkg-scripts/fuzz`. */
export const main = () =>
  runMain(async () => {
    const { values } = parseArgs({
      options: {
        seconds: { type: 'string', default: '60' },
        target: { type: 'string' },
        jobs: { type: 'string', default: '1' },
        keep: { type: 'boolean', default: false },
      },
    });
    const seconds = Number(values.seconds);
    if (!(seconds > 0)) throw new Failure(`"${values.seconds}" is no number of seconds`);
    const jobs = Number(values.jobs);
    if (!(jobs >= 1)) throw new Failure(`"${values.jobs}" is no number of jobs`);
    /** @type {Target[]} */
    let targets = [];
    /** @type {Row[]} */
    let rows = [];
    const before = machine();
    await runSteps([
      { title: 'Rust toolchain', body: ensureToolchain },
      {
        title: 'seeds and corpora',
        body: async () => {
          targets = await unpack(values.target);
          return `${targets.length} targets`;
        },
      },
      { title: 'targets with coverage', body: build },
      {
        title: `${seconds} s of CPU`,
        body: async () => {
          rows = await sideBySide(targets, jobs, (target) => fuzz(target, seconds / targets.length));
        },
      },
    ]);
    if (values.keep) await keep(targets);
    await report(rows, before, seconds);
  });

/**
 * The targets' rows in the targets' order, whichever was ready first.
 * @param {Target[]} targets @param {number} jobs @param {(target: Target) => Promise<Row>} body
 */
async function sideBySide(targets, jobs, body) {
  /** @type {Row[]} */
  const rows = [];
  const waiting = targets.entries();
  const worker = async () => {
    for (const [at, target] of waiting) rows[at] = await body(target);
  };
  await Promise.all(Array.from({ length: jobs }, worker));
  return rows;
}

/** @param {string | undefined} wanted @returns {Promise<Target[]>} */
async function unpack(wanted) {
  const fuzz = ['run', '-q', '-p', 'iothub-fuzz', '--bin', 'fuzz', '--'];
  await run('cargo', [...fuzz, 'unpack', corpora]);
  const { output } = await run('cargo', [...fuzz, 'list']);
  const lines = output.split('\n').filter((line) => line.includes('\t'));
  const all = lines.map((line) => ({ name: line.split('\t')[0], about: line.split('\t')[1] }));
  const chosen = all.filter(({ name }) => wanted === undefined || name === wanted);
  if (chosen.length > 0) return chosen;
  throw new Failure(`there is no target ${wanted}`, {
    cure: `name one of ${all.map((t) => t.name).join(', ')}`,
  });
}

async function host() {
  const text = (await ask('rustc', ['-vV'])) ?? '';
  const triple = /^host: (.+)$/m.exec(text)?.[1];
  if (triple) return triple;
  throw new Failure('rustc does not name its host', { evidence: text });
}

async function build() {
  const env = { CARGO_TARGET_DIR: buildDir, RUSTFLAGS: FLAGS.join(' ') };
  // With a target named, build scripts are built without the flags.
  await run('cargo', ['build', '--release', '--target', await host()], {
    cwd: path.join(root, 'fuzz', 'libfuzzer'),
    env,
    cure: 'libFuzzer is C++: a C++ compiler has to be there (g++ or clang)',
  });
}

/** @param {Target} target @param {number} cpuSeconds @returns {Promise<Row>} */
async function fuzz(target, cpuSeconds) {
  const outcome = await fuzzOne({
    program: path.join(buildDir, await host(), 'release', target.name),
    corpus: path.join(corpora, target.name),
    artifacts: path.join(buildDir, 'found', target.name),
    dictionary: path.join(root, 'fuzz', 'tokens.dict'),
    cpuSeconds,
    say: (line) => console.log(`      ${target.name}: ${line}`),
  });
  console.log(`      ${target.name}: ${shown(outcome.inputs)} inputs, ${outcome.found.length} found`);
  return { ...target, ...outcome };
}

/** Corpora that cover the same with fewer inputs; the short ones go into the repository. @param {Target[]} targets */
async function keep(targets) {
  const folder = path.join(buildDir, 'merged');
  fs.rmSync(folder, { recursive: true, force: true });
  for (const { name } of targets) {
    const merged = path.join(folder, name);
    fs.mkdirSync(merged, { recursive: true });
    const program = path.join(buildDir, await host(), 'release', name);
    await run(program, ['-merge=1', '-max_len=4096', merged, path.join(corpora, name)]);
    const files = fs.readdirSync(merged).map((file) => path.join(merged, file));
    const sized = files.map((file) => ({ file, bytes: fs.statSync(file).size }));
    sized.sort((a, b) => a.bytes - b.bytes || a.file.localeCompare(b.file));
    // Evenly from short to long: the short ones alone are no more than beginnings.
    const fitting = sized.filter(({ bytes }) => bytes <= KEPT_BYTES);
    const step = Math.max(1, fitting.length / KEPT);
    const chosen = new Set(Array.from({ length: KEPT }, (_, at) => fitting[Math.floor(at * step)]?.file));
    const surplus = sized.filter(({ file }) => !chosen.has(file));
    for (const { file } of surplus) fs.rmSync(file);
  }
  const { output } = await run('cargo', [
    'run',
    '-q',
    '-p',
    'iothub-fuzz',
    '--bin',
    'fuzz',
    '--',
    'pack',
    folder,
  ]);
  console.log(output.trimEnd());
}

/** @param {Row[]} rows @param {ReturnType<typeof machine>} before @param {number} seconds */
async function report(rows, before, seconds) {
  const used = rows.reduce((sum, row) => sum + row.cpuSeconds, 0);
  const found = rows.flatMap((row) => row.found);
  const text = table(
    ['Target', 'What it reads', 'CPU s', 'inputs', 'edges covered', 'found'],
    rows.map((row) => [
      `\`${row.name}\``,
      row.about,
      ...[row.cpuSeconds, row.inputs, row.edges].map(shown),
      String(row.found.length),
    ]),
  );
  const when = `${before.date.slice(0, 16).replace('T', ' ')} UTC, ${before.cpu}, ${await ask('rustc', ['--version'])}`;
  const head = `${when}, commit ${await sources()}: ${shown(used)} s of CPU, ${found.length} inputs that broke a rule.`;
  if (seconds >= HOUR && found.length === 0) {
    publishProof('fuzz', `${head}\n\n${text}`, { ...before, cpuSeconds: used, rows });
  } else {
    console.log(`\n${head}\n\n${text}\n`);
  }
  if (found.length === 0) return;
  throw new Failure(`${found.length} inputs broke a rule`, {
    evidence: found.join('\n'),
    cure: 'cargo run -p iothub-fuzz -- one TARGET FILE plays one; mended, it becomes a line of fuzz/found/TARGET.txt',
  });
}
