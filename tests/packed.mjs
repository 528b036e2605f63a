/**
 * The package as users get it: packed once, installed by npm into a fresh project below the system's temporary
 * folder. Used by the suites `package-quality`, `runtimes`, `bundlers` and `cloudflare`; none of them reads `npm/`.
 */
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const NPM_MS = 300_000;
const NPM = ['--offline', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'];

/** Where the runtimes, bundlers and checkers are installed. */
export const tools = path.join(ROOT, 'tests', 'tools', 'node_modules');

/** @typedef {{ folder: string, tarball: string, files: string[], remove: () => void }} Project */

/**
 * A new project with the packed package in its `node_modules`.
 * @param {{ dependencies?: string[] }} [options] packages of `tests/tools` that the project may import too
 * @returns {Promise<Project>}
 */
export async function installPacked({ dependencies = [] } = {}) {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'iothub-wasm-')));
  const options = { cwd: folder, timeout: NPM_MS };
  const { stdout } = await run('npm', ['pack', path.join(ROOT, 'pkg'), '--json', ...NPM], options);
  const [packed] = entriesOf(JSON.parse(stdout));
  fs.writeFileSync(
    path.join(folder, 'package.json'),
    '{ "name": "app", "private": true, "type": "module" }\n',
  );
  await run('npm', ['install', `./${packed.filename}`, ...NPM], options);
  for (const name of dependencies) link(path.join(tools, name), path.join(folder, 'node_modules', name));
  return {
    folder,
    tarball: path.join(folder, packed.filename),
    files: packed.files.map((/** @type {{ path: string }} */ file) => file.path).sort(),
    remove: () => fs.rmSync(folder, { recursive: true, force: true }),
  };
}

/** npm has printed a list, later an object by name. @param {any} printed @returns {any[]} */
function entriesOf(printed) {
  return Array.isArray(printed) ? printed : Object.values(printed);
}

/** @param {string} target @param {string} name */
function link(target, name) {
  fs.mkdirSync(path.dirname(name), { recursive: true });
  fs.symlinkSync(target, name, 'dir');
}
