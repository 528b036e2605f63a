/**
 * Workers in workerd: bundled by esbuild under the conditions that wrangler sets, wasm copied beside the script as a
 * module, run by miniflare. Used by `runtimes.test.mjs` and the suite `cloudflare`.
 */
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { tools } from '../packed.mjs';

const COMPATIBILITY_DATE = '2026-04-01';

/** @param {string} name a package of `tests/tools` @returns {Promise<any>} */
export async function tool(name) {
  const { resolve } = createRequire(path.join(tools, 'any.js'));
  const module = await import(pathToFileURL(resolve(name)).href);
  return module.default ?? module;
}

/**
 * As `wrangler deploy` would: one script, and the wasm as a module beside it.
 * @param {string} entry @param {string} outdir
 */
export async function bundleWorker(entry, outdir) {
  const { build } = await tool('esbuild');
  await build({
    entryPoints: [entry],
    outdir,
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2024',
    conditions: ['workerd', 'worker', 'browser'],
    external: ['cloudflare:*', 'node:*'],
    loader: { '.wasm': 'copy' },
    logLevel: 'silent',
  });
  return path.join(outdir, path.basename(entry));
}

/**
 * @param {string} script
 * @param {Record<string, unknown>} [more] bindings
 * @returns {Promise<any>} a Miniflare
 */
export async function openWorkerd(script, more = {}) {
  const { Miniflare } = await tool('miniflare');
  return new Miniflare({
    modules: true,
    scriptPath: script,
    modulesRoot: path.dirname(script),
    modulesRules: [{ type: 'CompiledWasm', include: ['**/*.wasm'] }],
    compatibilityDate: COMPATIBILITY_DATE,
    cf: false,
    ...more,
  });
}
