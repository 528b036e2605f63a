/**
 * Builds the dashboard to `dist/`: relative addresses, nothing inline, nothing from elsewhere, so that any static
 * host (and `iothub-local`) can serve it. The package under test is taken as built, from `../pkg`.
 */
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';

const builtPackage = (path: string) => fileURLToPath(new URL(`../pkg/${path}`, import.meta.url));

/** The development server injects styles inline; only the built page can keep the strict policy. */
const policyOnlyWhenBuilt: Plugin = {
  name: 'policy-only-when-built',
  apply: 'serve',
  transformIndexHtml: (html) => html.replace(/<meta\s+http-equiv="Content-Security-Policy"[^>]*>/, ''),
};

export default defineConfig({
  base: './',
  plugins: [policyOnlyWhenBuilt],
  resolve: {
    alias: [
      { find: /^iothub-wasm$/, replacement: builtPackage('browser.js') },
      { find: /^iothub-wasm\/hub$/, replacement: builtPackage('hub/browser.js') },
    ],
  },
  build: {
    target: ['chrome123', 'firefox121', 'safari17.5'],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: {
    proxy: { '/local': { target: process.env.IOTHUB_LOCAL ?? 'http://127.0.0.1:4280' } },
  },
  test: { include: ['src/**/*.test.ts'] },
} as Parameters<typeof defineConfig>[0]);
