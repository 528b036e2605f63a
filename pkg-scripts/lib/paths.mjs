/**
 * Where things are: the repository, and what the scripts build.
 * Read by every other script; nothing here touches the disk.
 */
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

/** Where cargo puts what it builds; a CARGO_TARGET_DIR of the caller is respected. */
export const targetDir = path.resolve(root, process.env.CARGO_TARGET_DIR || 'target');

/** The tools of the tests that are made of Rust. */
export const toolsBin = path.join(targetDir, 'debug');

/** Small files that remember what was done for which inputs. */
export const stampDir = path.join(targetDir, 'pkg-scripts');

export const packageDir = path.join(root, 'pkg');
export const dashboardDir = path.join(root, 'www', 'dist');

/** The same two as `start` builds them when there are no others: in a fraction of the time, larger and slower. */
export const quickPackageDir = path.join(stampDir, 'quick', 'pkg');
export const quickDashboardDir = path.join(stampDir, 'quick', 'www');

/** Writes the JavaScript beside a wasm file; a second build in another folder is told the first one's. */
export const bindTool = process.env.IOTHUB_BIND || path.join(targetDir, 'debug', 'iothub-bind');

/** The hub that `start` and `test` run: built quickly, checked by the same tests. */
export const devHub = path.join(targetDir, 'debug', 'iothub-local');

/** The hub that `build` leaves for users, always under `target/` of the repository. */
export const releaseHub = path.join(root, 'target', 'release', 'iothub-local');

export const wasmTarget = 'wasm32-unknown-unknown';

/**
 * A path as a reader of the output wants it: relative when it is inside the repository.
 * @param {string} file
 */
export function shown(file) {
  const relative = path.relative(root, file);
  return relative.startsWith('..') ? file : relative;
}
