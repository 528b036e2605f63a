/**
 * Serves a project's folder as any static host would, and waits for the results that a page posts to `/report`.
 * Used by `runtimes.test.mjs` and by the suite `bundlers`.
 */
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';

const DEADLINE = 400_000;
/** @type {Record<string, string>} */
const TYPES = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.wasm': 'application/wasm',
  '.json': 'application/json',
};

/** A static server with a place to report to. */
export class Site {
  #folder;
  #server;
  /** @type {(results: any) => void} */
  #reported = () => {};

  /** @param {string} folder */
  constructor(folder) {
    this.#folder = folder;
    this.#server = http.createServer((request, response) => void this.#answer(request, response));
  }

  /** @param {string} folder @returns {Promise<Site>} */
  static async open(folder) {
    const site = new Site(folder);
    await new Promise((resolve) => site.#server.listen(0, '127.0.0.1', () => resolve(undefined)));
    return site;
  }

  get url() {
    const { port } = /** @type {import('node:net').AddressInfo} */ (this.#server.address());
    return `http://127.0.0.1:${port}`;
  }

  /** The next results that a page reports. @param {() => string} [evidence] @returns {Promise<any>} */
  report(evidence = () => '') {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`no report within ${DEADLINE} ms ${evidence()}`)),
        DEADLINE,
      );
      this.#reported = (results) => {
        clearTimeout(timer);
        resolve(results);
      };
    });
  }

  async close() {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(() => resolve(undefined)));
  }

  /** @param {http.IncomingMessage} request @param {http.ServerResponse} response */
  async #answer(request, response) {
    const name = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname);
    if (name === '/report') {
      let text = '';
      for await (const chunk of request) text += chunk;
      response.end();
      this.#reported(JSON.parse(text));
      return;
    }
    const file = path.join(this.#folder, name.endsWith('/') ? `${name}index.html` : name);
    if (!file.startsWith(this.#folder + path.sep) || !fs.existsSync(file)) response.writeHead(404).end();
    else {
      const type = TYPES[path.extname(file)] ?? 'application/octet-stream';
      response.writeHead(200, { 'content-type': type }).end(fs.readFileSync(file));
    }
  }
}
