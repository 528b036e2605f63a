/**
 * Remembers that a step was done for given inputs, so that a second run skips it.
 * An input is a file, a folder (read through), or a line of text such as a version.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { root, stampDir } from './paths.mjs';

const SKIPPED = new Set(['node_modules', 'dist', 'target', '.git']);

/** @typedef {{ files: string[], text?: string[], results: string[] }} Inputs */

/**
 * Does the work unless it was done for the same inputs and its results still exist.
 * @param {string} name
 * @param {Inputs} inputs
 * @param {() => Promise<void>} work
 * @returns {Promise<boolean>} whether work was done
 */
export async function unlessDone(name, inputs, work) {
  if (isDone(name, inputs)) return false;
  const file = stampOf(name);
  const hash = hashOf(inputs.files, inputs.text); // of what the work reads, not of what it may leave behind
  fs.rmSync(file, { force: true }); // half-done work must not look done
  await work();
  fs.mkdirSync(stampDir, { recursive: true });
  fs.writeFileSync(file, hash);
  return true;
}

/**
 * Whether the work was done for these inputs.
 * @param {string} name
 * @param {Inputs} inputs
 */
export function isDone(name, { files, text, results }) {
  return results.every((result) => fs.existsSync(result)) && read(stampOf(name)) === hashOf(files, text);
}

/** @param {string} name */
function stampOf(name) {
  return path.join(stampDir, `${name}.stamp`);
}

/**
 * @param {string[]} files paths relative to the repository
 * @param {string[]} text
 */
export function hashOf(files, text = []) {
  const hash = createHash('sha256');
  for (const line of text) hash.update(`text ${line}\n`);
  for (const name of files) {
    for (const file of listFiles(path.resolve(root, name))) {
      hash.update(`file ${path.relative(root, file)}\n`);
      hash.update(fs.readFileSync(file));
    }
  }
  return hash.digest('hex');
}

/**
 * @param {string} start
 * @returns {string[]} every file at or below a path, in a stable order; none when it is absent
 */
export function listFiles(start) {
  const stat = fs.statSync(start, { throwIfNoEntry: false });
  if (!stat) return [];
  if (!stat.isDirectory()) return [start];
  return fs
    .readdirSync(start)
    .filter((name) => !SKIPPED.has(name))
    .sort()
    .flatMap((name) => listFiles(path.join(start, name)));
}

/** @param {string} file */
function read(file) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
