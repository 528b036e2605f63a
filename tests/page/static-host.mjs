/**
 * The dashboard from plain files, as any static host serves it: no hub, no rewriting. For the tests that show it
 * running on its own, and working without a network.
 */
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const WWW = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../www/dist');

/** @type {Record<string, string>} */
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
};

/**
 * Serves `www/dist` on a free port.
 * @param {{ clockAheadMs?: number }} [options] how far its clock is ahead, as its answers tell the time
 */
export async function startStaticHost({ clockAheadMs = 0 } = {}) {
  const server = http.createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const file = path.join(WWW, pathname.endsWith('/') ? `${pathname}index.html` : pathname);
    if (!file.startsWith(WWW) || !fs.existsSync(file)) return void response.writeHead(404).end();
    response.setHeader('date', new Date(Date.now() + clockAheadMs).toUTCString());
    response.setHeader('content-type', TYPES[path.extname(file)] ?? 'application/octet-stream');
    fs.createReadStream(file).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${port}/`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
