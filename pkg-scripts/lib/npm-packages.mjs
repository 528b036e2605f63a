/** Installs the npm packages of all workspaces exactly as locked; called by `setup`. */
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
