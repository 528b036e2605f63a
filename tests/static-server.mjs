/**
 * Serves the built package and an empty page on a free port, as any static host would: the ground for
 * tests of the client in a browser. Nothing is transformed.
 */
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const PKG = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../pkg');
const TYPES = { '.js': 'text/javascript', '.wasm': 'application/wasm', '.json': 'application/json' };
const EMPTY_PAGE = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>test</title>';

/** @returns {Promise<{ url: string, entry: string, close: () => Promise<void> }>} */
export async function servePackage() {
  const server = http.createServer((request, response) => answer(request.url ?? '/', response));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(null)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const close = () =>
    new Promise((resolve) => server.close(() => resolve(undefined)) && server.closeAllConnections());
  return {
    url: `http://127.0.0.1:${port}/`,
    entry: `/pkg/${browserEntry()}`,
    close: /** @type {() => Promise<void>} */ (close),
  };
}

/**
 * @param {string} url
 * @param {http.ServerResponse} response
 */
function answer(url, response) {
  const name = decodeURIComponent(new URL(url, 'http://localhost').pathname);
  if (name === '/') {
    response.writeHead(200, { 'content-type': 'text/html' }).end(EMPTY_PAGE);
    return;
  }
  const file = path.join(PKG, name.replace(/^\/pkg/, ''));
  if (!file.startsWith(PKG + path.sep) || !fs.existsSync(file)) {
    response.writeHead(404).end();
    return;
  }
  const type = TYPES[/** @type {keyof typeof TYPES} */ (path.extname(file))] ?? 'application/octet-stream';
  response.writeHead(200, { 'content-type': type }).end(fs.readFileSync(file));
}

/** The file that a bundler or an import map would choose for a browser. */
function browserEntry() {
  const { exports } = JSON.parse(fs.readFileSync(path.join(PKG, 'package.json'), 'utf8'));
  const main = exports['.'];
  return path.posix.normalize(main.browser?.default ?? main.browser ?? main.default);
}
