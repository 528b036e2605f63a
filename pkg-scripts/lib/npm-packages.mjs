/** Installs the npm packages of all workspaces exactly as locked; called by `setup`. */
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

/** `npm ci`, skipped when the manifests and the node version are those of the last time. */
export async function ensureNpmPackages() {
  const inputs = {
    files: MANIFESTS,
    text: [`node ${process.version}`],
    results: [path.join(root, 'node_modules', '.package-lock.json')],
  };
  const done = await unlessDone('npm-packages', inputs, async () => {
    await run('npm', ['ci', '--no-audit', '--no-fund'], {
      cure: 'when package-lock.json is said to be out of step, run `npm install` and commit the lock file',
    });
  });
  return done ? 'installed from package-lock.json' : 'as locked, nothing to do';
}
