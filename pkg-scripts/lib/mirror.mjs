/**
 * Makes one folder equal to another and touches only what differs, so that a server or a test that
 * reads the target meanwhile never finds it empty or half written. Used for `pkg/`.
 */
import fs from 'node:fs';
import path from 'node:path';
import { listFiles } from './stamp.mjs';

/**
 * @param {string} from
 * @param {string} to
 */
export function mirror(from, to) {
  const wanted = new Set(listFiles(from).map((file) => path.relative(from, file)));
  for (const name of wanted) copyIfDifferent(path.join(from, name), path.join(to, name));
  for (const file of listFiles(to)) if (!wanted.has(path.relative(to, file))) fs.rmSync(file);
}

/**
 * @param {string} source
 * @param {string} target
 */
function copyIfDifferent(source, target) {
  const bytes = fs.readFileSync(source);
  if (fs.existsSync(target) && fs.readFileSync(target).equals(bytes)) return;
  fs.mkdirSync(path.dirname(target), { recursive: true });
  const fresh = `${target}.${process.pid}`;
  fs.writeFileSync(fresh, bytes);
  fs.renameSync(fresh, target);
}
