/** Runs a host as a process of Node, Deno or Bun; its last line is the results. Used by `runtimes.test.mjs`. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { tools } from '../packed.mjs';

const DEADLINE = 400_000;

/**
 * @param {string} command a path, or the name of a program of `tests/tools`
 * @param {string[]} args
 * @param {string} cwd
 * @param {Record<string, string>} [more] environment variables
 * @returns {Promise<string>} what it printed
 */
export function program(command, args, cwd, more) {
  const file = path.isAbsolute(command) ? command : path.join(tools, '.bin', command);
  const env = { ...process.env, DENO_NO_UPDATE_CHECK: '1', NO_COLOR: '1', ...more };
  return new Promise((resolve, reject) => {
    execFile(file, args, { cwd, env, timeout: DEADLINE }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${command} ${args.join(' ')}: ${error.message}\n${stdout}\n${stderr}`));
      else resolve(stdout);
    });
  });
}

/** @param {string} printed @returns {import('./hosts/behaviours.js').Result[]} */
export function lastLine(printed) {
  return JSON.parse(printed.trim().split('\n').at(-1) ?? '');
}
