/**
 * Serves a page for each contender: one script, bundled and minified alike, and our wasm beside it. Used by
 * `chromium.mjs`.
 */
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { tools } from '../../tests/packed.mjs';
import { tool } from '../../tests/runtimes/workerd.mjs';
import { IN_PAGES } from './contenders.mjs';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const WASM = path.join(HERE, '../../pkg/wasm/iothub_wasm_bg.wasm');

/** @param {import('./wire.mjs').Wire} wire */
export async function servePages(wire) {
  /** @type {Map<string, { type: string, body: string | Uint8Array }>} */
  const files = new Map([
    ['/wasm/iothub_wasm_bg.wasm', { type: 'application/wasm', body: fs.readFileSync(WASM) }],
  ]);
  for (const name of IN_PAGES) {
    files.set(`/${name}`, { type: 'text/html', body: pageOf(name, wire) });
    files.set(`/${name}.js`, { type: 'text/javascript', body: await bundle(name) });
  }
  const server = http.createServer((request, response) => {
    const file = files.get(request.url ?? '');
    if (file) response.writeHead(200, { 'content-type': file.type }).end(file.body);
    else response.writeHead(404).end();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** As the guide for browsers advises: the wasm is asked for beside the script, not by it, and behind it. */
const PRELOAD = '<link rel="preload" as="fetch" crossorigin href="/wasm/iothub_wasm_bg.wasm">';

/** @param {string} name @param {import('./wire.mjs').Wire} wire */
function pageOf(name, wire) {
  const head = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>bench</title>';
  const scripts = `<script>var wire = ${JSON.stringify(wire)}</script><script type="module" src="/${name}.js"></script>`;
  return `${head}${scripts}${name === 'ours' ? PRELOAD : ''}`;
}

/** @param {string} name */
async function bundle(name) {
  const { build } = await tool('esbuild');
  const { outputFiles } = await build({
    entryPoints: [path.join(HERE, 'page', `${name}.js`)],
    // Not the older one that the official SDK brings along.
    alias: { mqtt: path.join(tools, 'mqtt/dist/mqtt.esm.js') },
    nodePaths: [tools],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    logLevel: 'silent',
  });
  return outputFiles[0].contents;
}
