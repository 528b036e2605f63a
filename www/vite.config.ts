/**
 * Builds the dashboard to `dist/`: relative addresses, nothing inline, nothing from elsewhere, so that any static
 * host (and `iothub-local`) can serve it. The package under test is taken as built, from `../pkg` or the folder that
 * IOTHUB_WASM_PACKAGE names.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

const PACKAGE = process.env.IOTHUB_WASM_PACKAGE ?? fileURLToPath(new URL('../pkg', import.meta.url));
const builtPackage = (path: string) => `${PACKAGE}/${path}`;

/** The development server injects styles inline; only the built page can keep the strict policy. */
const policyOnlyWhenBuilt: Plugin = {
  name: 'policy-only-when-built',
  apply: 'serve',
  transformIndexHtml: (html) => html.replace(/<meta\s+http-equiv="Content-Security-Policy"[^>]*>/, ''),
};

/** Files of `public/` that the page needs to open. */
const PUBLIC_FILES = ['./', './icon.svg', './manifest.webmanifest'];

/** Writes `sw.js` with the list of all files that were built, so that the page works without a network. */
const offlineWorker: Plugin = {
  name: 'offline-worker',
  apply: 'build',
  generateBundle(_, bundle) {
    const files = [...PUBLIC_FILES, ...Object.keys(bundle).filter((name) => name.startsWith('assets/'))];
    const list = files.map((name) => (name.startsWith('./') ? name : `./${name}`)).sort();
    const name = createHash('sha256').update(list.join('\n')).digest('hex').slice(0, 12);
    const source = readFileSync(new URL('./src/offline/worker.js', import.meta.url), 'utf8')
      .replace("/* the build's files */ []", JSON.stringify(list))
      .replace("/* the build's name */ 'development'", JSON.stringify(name));
    this.emitFile({ type: 'asset', fileName: 'sw.js', source });
  },
};

export default defineConfig({
  base: './',
  plugins: [policyOnlyWhenBuilt, offlineWorker],
  resolve: {
    alias: [
      { find: /^iothub-wasm$/, replacement: builtPackage('browser.js') },
      { find: /^iothub-wasm\/hub$/, replacement: builtPackage('hub/browser.js') },
    ],
  },
  build: {
    target: ['chrome123', 'firefox128', 'safari17.5'],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: {
    proxy: { '/local': { target: process.env.IOTHUB_LOCAL ?? 'http://127.0.0.1:4280' } },
  },
  // So long takes only a test that hangs, also on a busy machine.
  test: { include: ['src/**/*.test.ts'], testTimeout: 60_000, hookTimeout: 60_000 },
} as Parameters<typeof defineConfig>[0]);
