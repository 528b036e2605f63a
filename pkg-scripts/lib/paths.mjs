/**
 * Where things are: the repository, the tools folder that the scripts own, what they build.
 * Read by every other script; nothing here touches the disk.
 */
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

const cacheHome = process.env.XDG_CACHE_HOME || path.join(os.homedir(), '.cache');

/** Pinned tools live here, outside the repository, so that a second clone finds them ready. */
export const toolsDir = path.join(cacheHome, 'iothub-wasm', 'tools');
export const toolsBin = path.join(toolsDir, 'bin');

/** Where cargo puts what it builds; a CARGO_TARGET_DIR of the caller is respected. */
export const targetDir = path.resolve(root, process.env.CARGO_TARGET_DIR || 'target');

/** Small files that remember what was done for which inputs. */
export const stampDir = path.join(targetDir, 'pkg-scripts');

export const packageDir = path.join(root, 'pkg');
export const dashboardDir = path.join(root, 'www', 'dist');

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
