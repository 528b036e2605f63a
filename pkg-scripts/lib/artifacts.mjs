/** Builds the hub and the dashboard; called by `start`, `build` and `test`. */
import fs from 'node:fs';
import path from 'node:path';
import { dashboardDir, devHub, releaseHub, shown, targetDir } from './paths.mjs';
import { run } from './run.mjs';
import { unlessDone } from './stamp.mjs';

/** The hub as `start` and `test` run it. The whole workspace decides the features, as in `cargo test`. */
export async function buildDevHub() {
  await run('cargo', ['build', '--workspace', '--bin', 'iothub-local']);
  return shown(devHub);
}

/** The hub as users get it, at `target/release/iothub-local` whatever CARGO_TARGET_DIR says. */
export async function buildReleaseHub() {
  await run('cargo', ['build', '--release', '-p', 'iothub-local']);
  const built = path.join(targetDir, 'release', 'iothub-local');
  if (built !== releaseHub) {
    fs.mkdirSync(path.dirname(releaseHub), { recursive: true });
    fs.copyFileSync(built, releaseHub);
  }
  return `${shown(releaseHub)}, ${fs.statSync(releaseHub).size} bytes`;
}

/** The dashboard as static files; it bundles the package, so that must be there first. */
export async function buildDashboard() {
  const inputs = {
    files: ['www', 'pkg', 'package-lock.json'],
    results: [path.join(dashboardDir, 'index.html')],
  };
  const done = await unlessDone('dashboard', inputs, async () => {
    await run('npm', ['run', 'build', '--workspace', 'www']);
  });
  return done ? shown(dashboardDir) : `${shown(dashboardDir)} is up to date`;
}
