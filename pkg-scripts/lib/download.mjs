/**
 * What a page downloads for the whole device client, beside MQTT.js: scripts bundled and minified by the same
 * bundler, wasm as it is, all compressed by brotli as a server would. Called by the suite `download` and by
 * `npm run bench -- client`.
 */
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import zlib from 'node:zlib';
import { Failure } from './failure.mjs';
import { packageDir, root } from './paths.mjs';
import { namedWasm } from './wasm-package.mjs';
import { partsOf } from './wasm-parts.mjs';

/**
 * Everything a page downloads for the device client, in bytes. It was 60 KB until every value that crosses into the
 * client was checked (docs/size.md).
 */
const BUDGET = 62 * 1024;

/** Passing the budget fails the suite. */
const ENFORCED = true;

const TOOLS = path.join(root, 'tests', 'tools');

const WASM = '  wasm';

/** @typedef {{ name: string, raw: number, brotli: number }} Row */

/** Prints the table; a note for the step. */
export async function measureDownload() {
  const { rows, whole } = await weighDownload();
  print(rows);
  const wasm = rows.find(({ name }) => name === WASM)?.brotli ?? 0;
  printParts(partsOf(namedWasm('iothub_wasm'), wasm));
  return verdict(whole);
}

/** What is in the table, and the row that the budget is for. */
export async function weighDownload() {
  const glue = await bundled(path.join(packageDir, 'browser.js'));
  const wasm = fs.readFileSync(path.join(packageDir, 'wasm/iothub_wasm_bg.wasm'));
  const whole = sum('iothub-wasm, whole', [rowOf('  scripts', glue), rowOf(WASM, wasm)]);
  const inline = rowOf('iothub-wasm/inline', await bundled(path.join(packageDir, 'inline.js')));
  const mqtt = rowOf('MQTT.js 5', await bundled('mqtt'));
  const paho = rowOf('paho-mqtt', await bundled('paho-mqtt'));
  return { rows: [...whole.parts, whole.row, inline, mqtt, paho], whole: whole.row };
}

/** @param {Row} whole */
function verdict({ brotli }) {
  const share = `${brotli} of ${BUDGET} bytes`;
  if (brotli <= BUDGET) return `within the budget: ${share}`;
  if (!ENFORCED) return `MISSED the budget: ${share}`;
  throw new Failure(`a page downloads ${share}`, {
    cure: 'see above which part grew (docs/size.md has its figures), or use esbuild --analyze on the scripts',
  });
}

/** @param {string} entry a file or a package @returns {Promise<Buffer>} */
async function bundled(entry) {
  const { resolve } = createRequire(path.join(TOOLS, 'x.js'));
  const { build } = (await import(pathToFileURL(resolve('esbuild')).href)).default;
  const { outputFiles } = await build({
    stdin: { contents: `export * from ${JSON.stringify(entry)};`, resolveDir: TOOLS },
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    logLevel: 'silent',
  });
  return Buffer.from(outputFiles[0].contents);
}

/** @param {string} name @param {Buffer} bytes @returns {Row} */
function rowOf(name, bytes) {
  const params = { [zlib.constants.BROTLI_PARAM_QUALITY]: 11 };
  return { name, raw: bytes.length, brotli: zlib.brotliCompressSync(bytes, { params }).length };
}

/** @param {string} name @param {Row[]} parts */
function sum(name, parts) {
  const add = (/** @type {'raw' | 'brotli'} */ key) => parts.reduce((total, part) => total + part[key], 0);
  return { parts, row: { name, raw: add('raw'), brotli: add('brotli') } };
}

/** @param {Row[]} rows */
function print(rows) {
  console.log(`      ${'download'.padEnd(22)}${'minified'.padStart(10)}${'brotli'.padStart(10)}`);
  for (const { name, raw, brotli } of rows)
    console.log(`      ${name.padEnd(22)}${String(raw).padStart(10)}${String(brotli).padStart(10)}`);
}

/** @param {import('./wasm-parts.mjs').PartRow[]} parts */
function printParts(parts) {
  console.log(
    `      ${'the wasm is made of'.padEnd(26)}${'bytes'.padStart(8)}${'brotli, about'.padStart(15)}`,
  );
  for (const { part, raw, brotli } of parts)
    console.log(`      ${part.padEnd(26)}${String(raw).padStart(8)}${String(brotli).padStart(15)}`);
}
