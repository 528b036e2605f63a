/** Builds the hub and the dashboard; called by `start`, `build` and `test`. */
import fs from 'node:fs';
import path from 'node:path';
import {
  bindTool,
  dashboardDir,
  devHub,
  packageDir,
  quickDashboardDir,
  quickPackageDir,
  releaseHub,
  shown,
  targetDir,
} from './paths.mjs';
import { run } from './run.mjs';
import { unlessDone } from './stamp.mjs';
import { checkWasmBindgen } from './versions.mjs';

/** The whole workspace decides the features, as in `cargo test`, so that nothing is compiled twice. */
const DEV_BUILD = ['build', '--workspace'];

/** The hub as `start` and `test` run it. */
export async function buildDevHub() {
  await run('cargo', [...DEV_BUILD, '--bin', 'iothub-local']);
  return shown(devHub);
}

/** What writes the JavaScript beside a wasm file, of the version in Cargo.lock. */
export async function buildBindTool() {
  checkWasmBindgen();
  if (process.env.IOTHUB_BIND) return `${bindTool}, as IOTHUB_BIND says`;
  await run('cargo', [...DEV_BUILD, '--bin', 'iothub-bind']);
  return shown(bindTool);
}

/** Both at once: what one of them waits for, the other does not. */
export async function buildHubAndBindTool() {
  checkWasmBindgen();
  await run('cargo', [...DEV_BUILD, '--bin', 'iothub-local', '--bin', 'iothub-bind']);
  return `${shown(devHub)}, ${shown(bindTool)}`;
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
export function buildDashboard() {
  return dashboard('dashboard', { folder: dashboardDir, args: [] });
}

/** The dashboard with the package of a first look. */
export function buildQuickDashboard() {
  const args = ['--', '--outDir', quickDashboardDir, '--emptyOutDir'];
  return dashboard('quick-dashboard', { package: quickPackageDir, folder: quickDashboardDir, args });
}

/** @param {string} name @param {{ package?: string, folder: string, args: string[] }} variant */
async function dashboard(name, { package: from = packageDir, folder, args }) {
  const inputs = {
    files: ['www', from, 'package-lock.json'],
    results: [path.join(folder, 'index.html')],
  };
  const done = await unlessDone(name, inputs, async () => {
    await run('npm', ['run', 'build', '--workspace', 'www', ...args], { env: { IOTHUB_WASM_PACKAGE: from } });
  });
  return done ? shown(folder) : `${shown(folder)} is up to date`;
}
