/**
 * How each bundler builds the application, with what its own starter has and nothing more. Each gives the folder to
 * serve. Used by `bundlers.test.mjs`.
 */
import fs from 'node:fs';
import path from 'node:path';
import { tool } from '../runtimes/workerd.mjs';

/**
 * A folder for what is built, with the page that loads one script.
 * @param {string} project @param {string} name @param {string} [attributes] of the script's tag
 */
function outputOf(project, name, attributes = '') {
  const folder = path.join(project, `dist-${name}`);
  fs.mkdirSync(folder);
  const page = fs.readFileSync(path.join(project, 'bundle.html'), 'utf8');
  fs.writeFileSync(path.join(folder, 'index.html'), page.replace('<script ', `<script ${attributes} `));
  return folder;
}

/** `vite build` @param {string} project */
export async function viteBuild(project) {
  const { build } = await tool('vite');
  await build({ root: project, logLevel: 'silent' });
  return path.join(project, 'dist');
}

/** `webpack --mode production` (or `development`) @param {string} project @param {'production' | 'development'} mode */
export async function webpackBuild(project, mode) {
  const webpack = await tool('webpack');
  const folder = outputOf(project, `webpack-${mode}`);
  const output = { path: folder, filename: 'bundle.js' };
  const stats = await new Promise((resolve, reject) => {
    webpack(
      { context: project, mode, entry: './src/index.js', output },
      (/** @type {any} */ error, /** @type {any} */ done) => (error ? reject(error) : resolve(done)),
    );
  });
  if (stats.hasErrors()) throw new Error(stats.toString('errors-only'));
  return folder;
}

/** `esbuild src/index.js --bundle --outfile=…` @param {string} project @param {Record<string, unknown>} [more] */
export async function esbuildBuild(project, more = {}) {
  const { build } = await tool('esbuild');
  const attributes = more.format === 'esm' ? 'type="module"' : '';
  const folder = outputOf(project, `esbuild-${Object.keys(more).join('-')}`, attributes);
  const entryPoints = [path.join(project, 'src/index.js')];
  const { warnings } = await build({
    entryPoints,
    bundle: true,
    outfile: path.join(folder, 'bundle.js'),
    logLevel: 'silent',
    ...more,
  });
  if (warnings.length > 0) throw new Error(JSON.stringify(warnings));
  return folder;
}

/** The starter's configuration: node-resolve, one script. @param {string} project @param {{ browser?: boolean }} [options] */
export async function rollupBuild(project, options = {}) {
  const { rollup } = await tool('rollup');
  const resolve = await tool('@rollup/plugin-node-resolve');
  const folder = outputOf(project, `rollup-${Object.keys(options).join('-')}`);
  /** @type {string[]} */
  const warnings = [];
  const bundle = await rollup({
    input: path.join(project, 'src/index.js'),
    plugins: [resolve(options)],
    onwarn: (/** @type {any} */ warning) => warnings.push(warning.message),
  });
  await bundle.write({ file: path.join(folder, 'bundle.js'), format: 'iife' });
  await bundle.close();
  if (warnings.length > 0) throw new Error(warnings.join('\n'));
  return folder;
}

/** `vite`, the development server. @param {string} project */
export async function viteServe(project) {
  const { createServer } = await tool('vite');
  const server = await createServer({ root: project, logLevel: 'silent', server: { host: '127.0.0.1' } });
  await server.listen();
  const { port } = server.httpServer.address();
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() };
}
