/** Prints what a download weighs: raw, gzip and brotli, for the files that a page fetches. */
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import { shown } from './paths.mjs';
import { listFiles } from './stamp.mjs';

/**
 * @param {string} folder
 * @param {RegExp} wanted
 */
export function printSizes(folder, wanted) {
  const files = listFiles(folder).filter((file) => wanted.test(file));
  const width = Math.max(...files.map((file) => shown(file).length), 10);
  console.log(`      ${'file'.padEnd(width)} ${column('raw')}${column('gzip')}${column('brotli')}`);
  for (const file of files) {
    const bytes = fs.readFileSync(file);
    const sizes = [bytes.length, gzip(bytes), brotli(bytes)];
    console.log(`      ${shown(file).padEnd(width)} ${sizes.map(column).join('')}`);
  }
  return path.relative(process.cwd(), folder);
}

/** @param {string | number} value */
function column(value) {
  return String(value).padStart(10);
}

/** @param {Buffer} bytes */
function gzip(bytes) {
  return zlib.gzipSync(bytes, { level: 9 }).length;
}

/** @param {Buffer} bytes */
function brotli(bytes) {
  return zlib.brotliCompressSync(bytes, { params: { [zlib.constants.BROTLI_PARAM_QUALITY]: 11 } }).length;
}
