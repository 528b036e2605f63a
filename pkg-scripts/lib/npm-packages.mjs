/**
 * Installs the npm packages exactly as locked: those of all workspaces, and the runtimes, bundlers and checkers of
 * the tests in a folder of their own, because one of their commands is called `node`. Called by `setup`.
 */
import fs from 'node:fs';
import path from 'node:path';
import { root } from './paths.mjs';
import { run } from './run.mjs';
import { unlessDone } from './stamp.mjs';

const MANIFESTS = [
  'package.json',
  'package-lock.json',
  'npm/package.json',
  'www/package.json',
  'tests/package.json',
  'docs/package.json',
];

const INSTALLED = path.join(root, 'node_modules', '.package-lock.json');

/**
 * Exactly as locked on a first run and in CI; at a desk only what changed, because `npm ci` first removes
 * everything and so breaks whatever runs beside it. Skipped when manifests and node version are the same.
 */
export async function ensureNpmPackages() {
  const inputs = {
    files: MANIFESTS,
    text: [`node ${process.version}`],
    results: [INSTALLED],
  };
  const done = await unlessDone('npm-packages', inputs, async () => {
    const command = process.env.CI || !fs.existsSync(INSTALLED) ? 'ci' : 'install';
    await run('npm', [command, '--no-audit', '--no-fund'], {
      cure: 'when package-lock.json is said to be out of step, run `npm install` and commit the lock file',
    });
  });
  return done ? 'installed from package-lock.json' : 'as locked, nothing to do';
}

/** `npm ci` in `tests/tools`; a test needs them, a build does not. */
export async function ensureTestTools() {
  const folder = path.join(root, 'tests', 'tools');
  const inputs = {
    files: ['tests/tools/package.json', 'tests/tools/package-lock.json'],
    text: [`node ${process.version}`],
    results: [path.join(folder, 'node_modules', '.package-lock.json')],
  };
  const done = await unlessDone('test-tools', inputs, async () => {
    await run('npm', ['ci', '--no-audit', '--no-fund'], {
      cwd: folder,
      cure: 'when package-lock.json is out of step, run `npm install` in tests/tools and commit the lock file',
    });
  });
  return done ? 'installed from tests/tools/package-lock.json' : 'as locked, nothing to do';
}
