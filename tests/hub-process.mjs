/**
 * A hub process for a test: starts `iothub-local` on free ports, waits for its ready line, keeps its
 * log, ends it by its id. Used by every JavaScript suite and by the scripts.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const READY_MS = 60_000;
const STOP_MS = 30_000;

/**
 * What the hub prints when it is ready.
 * @typedef {object} ReadyLine
 * @property {string} http
 * @property {string | null} https
 * @property {string | null} mqtts
 * @property {string | null} caFile
 * @property {string} serviceConnectionString
 * @property {{ deviceId: string, connectionString: string, sdkConnectionString?: string }[]} devices
 */

/**
 * @param {object} [options]
 * @param {string[]} [options.args] more arguments for the hub
 * @param {string} [options.binary]
 */
export async function startHub({ args = [], binary = defaultBinary() } = {}) {
  const port = args.includes('--port') ? [] : ['--port', '0'];
  const child = spawn(binary, [...port, '--json', ...args], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
  const hub = new HubProcess(child);
  try {
    await hub.untilReady();
  } catch (error) {
    await hub.stop();
    throw error;
  }
  return hub;
}

/** A running hub. */
export class HubProcess {
  /** @type {ReadyLine} */
  ready = /** @type {any} */ (undefined);
  #child;
  #log = '';
  #ended = false;

  /** @param {import('node:child_process').ChildProcessByStdio<null, import('node:stream').Readable, import('node:stream').Readable>} child */
  constructor(child) {
    this.#child = child;
    child.stderr.setEncoding('utf8').on('data', (text) => {
      this.#log += text;
    });
    const kill = () => child.kill('SIGKILL');
    process.once('exit', kill);
    child.on('exit', () => {
      this.#ended = true;
      process.off('exit', kill);
    });
    child.on('error', () => {
      this.#ended = true;
    });
  }

  get pid() {
    return this.#child.pid;
  }

  /** Everything the hub has logged so far. */
  get log() {
    return this.#log;
  }

  /** Resolves when the ready line has come; rejects when the hub ends or takes too long. */
  async untilReady() {
    const line = await this.#firstLine();
    this.ready = JSON.parse(line);
  }

  /** Ends the process and waits until it is gone. */
  async stop() {
    if (this.#ended) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS);
    await gone;
    clearTimeout(timer);
  }

  /** @returns {Promise<string>} */
  #firstLine() {
    return new Promise((resolve, reject) => {
      let text = '';
      const fail = (/** @type {string} */ why) => reject(new Error(`${why}; its log:\n${this.#log}`));
      const timer = setTimeout(() => fail(`the hub printed no ready line within ${READY_MS} ms`), READY_MS);
      const settle = () => clearTimeout(timer);
      this.#child.stdout.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
        const end = text.indexOf('\n');
        if (end < 0) return;
        settle();
        resolve(text.slice(0, end));
      });
      this.#child.once('error', (error) => {
        settle();
        fail(`the hub could not be started: ${error.message}`);
      });
      this.#child.once('close', (code) => {
        settle();
        fail(`the hub ended with code ${code} before it was ready`);
      });
    });
  }
}

/** The hub that `npm test` built, or the one that IOTHUB_LOCAL names. */
export function defaultBinary() {
  return process.env.IOTHUB_LOCAL || path.join(ROOT, 'target', 'debug', 'iothub-local');
}
