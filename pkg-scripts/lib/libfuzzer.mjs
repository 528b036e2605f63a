/**
 * One libFuzzer process: started, followed, and ended when its share of CPU time is used up. CPU time counts, not
 * the clock on the wall, so that a busy machine does not shorten a run. Used by `fuzz`.
 */
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { Failure } from './failure.mjs';

/** Longest input, in bytes. */
const LENGTH = 4096;
/** One allocation may not be larger, nor all of them, in megabytes: what reads must not be talked into memory. */
const ALLOCATION_MB = 64;
const MEMORY_MB = 512;
/** One input may take so many seconds. */
const PATIENCE = 10;

/**
 * @typedef {{ cpuSeconds: number, inputs: number, edges: number, features: number, found: string[] }} Outcome
 */

/**
 * @typedef {{ program: string, corpus: string, artifacts: string, dictionary: string, cpuSeconds: number,
 *   say: (line: string) => void }} What
 */

/**
 * Runs until the CPU time is used up or something is found. libFuzzer's patience goes by the clock on the wall, so a
 * process that was stopped for a while, or a machine that slept, looks like an input that takes too long: such a one
 * counts when it takes too long again.
 * @param {What} what
 * @returns {Promise<Outcome>}
 */
export async function fuzzOne(what) {
  let sum = { cpuSeconds: 0, inputs: 0, edges: 0, features: 0, found: /** @type {string[]} */ ([]) };
  while (sum.cpuSeconds < what.cpuSeconds && sum.found.length === 0) {
    const more = await runOnce({ ...what, cpuSeconds: what.cpuSeconds - sum.cpuSeconds });
    const [cpuSeconds, inputs] = [sum.cpuSeconds + more.cpuSeconds, sum.inputs + more.inputs];
    sum = { ...more, cpuSeconds, inputs, found: more.found.filter((file) => isBreak(what.program, file)) };
  }
  return sum;
}

/** @param {string} program @param {string} file */
function isBreak(program, file) {
  if (!/^(timeout|slow-unit)-/.test(path.basename(file))) return true;
  const { status } = spawnSync(program, [file], { stdio: 'ignore', timeout: PATIENCE * 1000 });
  if (status === 0) fs.rmSync(file);
  return status !== 0;
}

/** @param {What} what @returns {Promise<Outcome>} */
async function runOnce({ program, corpus, artifacts, dictionary, cpuSeconds, say }) {
  fs.mkdirSync(artifacts, { recursive: true });
  const before = new Set(fs.readdirSync(artifacts));
  const args = [`-max_len=${LENGTH}`, `-dict=${dictionary}`, `-timeout=${PATIENCE}`, '-print_final_stats=1'];
  args.push(`-rss_limit_mb=${MEMORY_MB}`, `-malloc_limit_mb=${ALLOCATION_MB}`);
  args.push(`-artifact_prefix=${artifacts}${path.sep}`, corpus);
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const end = () => child.kill('SIGINT');
  const interrupted = () => process.exit(130);
  process.once('exit', end).once('SIGINT', interrupted).once('SIGTERM', interrupted);
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (chunk) => {
    log = (log + chunk).slice(-200_000);
  });
  let [used, ticks] = [0, 0];
  const timer = setInterval(() => {
    used = cpuTime(child.pid) ?? used;
    ticks += 1;
    if (ticks % 15 === 0) say(`${Math.round(used)} of ${Math.round(cpuSeconds)} s, ${lastLine(log)}`);
    if (used >= cpuSeconds) end();
  }, 1000);
  const code = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  clearInterval(timer);
  process.off('exit', end).off('SIGINT', interrupted).off('SIGTERM', interrupted);
  const found = fs.readdirSync(artifacts).filter((name) => !before.has(name));
  if (found.length === 0 && used < cpuSeconds) {
    throw new Failure(`${path.basename(program)} ended early with code ${code}`, {
      evidence: log.slice(-5000),
    });
  }
  if (log.includes('panicked at')) say(log.slice(log.lastIndexOf('panicked at')).slice(0, 600));
  return { ...figures(log), cpuSeconds: used, found: found.map((name) => path.join(artifacts, name)) };
}

/** Seconds of CPU that a process has used; none when the system does not say. @param {number | undefined} pid */
function cpuTime(pid) {
  try {
    const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return undefined; // ended, or a system without /proc
  }
}

/** @param {string} log */
function lastLine(log) {
  const line = log.trimEnd().split('\n').at(-1) ?? '';
  return line.replace(/\s+/g, ' ').slice(0, 100);
}

/** @param {string} log */
function figures(log) {
  const last = (/** @type {RegExp} */ pattern) => Number([...log.matchAll(pattern)].at(-1)?.[1] ?? 0);
  return {
    inputs: Math.max(last(/number_of_executed_units:\s*(\d+)/g), last(/#(\d+)\s/g)),
    edges: last(/ cov: (\d+)/g),
    features: last(/ ft: (\d+)/g),
  };
}
