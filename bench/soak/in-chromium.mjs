/**
 * One client of the soak in a page of a fresh Chromium profile: bundled, served, driven. Called by `measure.mjs`.
 */
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { launchChromium } from '../../tests/chromium.mjs';
import { tools } from '../../tests/packed.mjs';
import { tool } from '../../tests/runtimes/workerd.mjs';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const WASM = path.join(HERE, '../../pkg/wasm/iothub_wasm_bg.wasm');
const HEAD = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>soak</title>';

/**
 * @param {string} name of the client
 * @param {import('../client/wire.mjs').Wire} wire
 * @param {import('./measure.mjs').Pace} pace
 * @returns {Promise<{ outcomes: string, errors: Record<string, number>, waits: number[], seconds: number, version: string }>}
 */
export async function inChromium(name, wire, pace) {
  const server = await serve(name);
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    await page.goto(server.url);
    const expression = `soak(${JSON.stringify(wire)}, ${JSON.stringify(pace)})`;
    const result = /** @type {any} */ (await page.evaluate(expression));
    return { ...result, version: browser.version() };
  } finally {
    await browser.close();
    server.close();
  }
}

/** @param {string} name */
async function serve(name) {
  const files = new Map([
    ['/', { type: 'text/html', body: `${HEAD}<script src="/page.js" type="module"></script>` }],
    ['/page.js', { type: 'text/javascript', body: await bundle(name) }],
    ['/wasm/iothub_wasm_bg.wasm', { type: 'application/wasm', body: fs.readFileSync(WASM) }],
  ]);
  const server = http.createServer((request, response) => {
    const file = files.get(request.url ?? '');
    if (file) response.writeHead(200, { 'content-type': file.type }).end(file.body);
    else response.writeHead(404).end();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** @param {string} name @returns {Promise<Uint8Array>} */
async function bundle(name) {
  const { build } = await tool('esbuild');
  const { outputFiles } = await build({
    entryPoints: [path.join(HERE, 'page', `${name}.js`)],
    // Not the older one that the official SDK brings along.
    alias: { mqtt: path.join(tools, 'mqtt/dist/mqtt.esm.js') },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    logLevel: 'silent',
  });
  return outputFiles[0].contents;
}
