/** One small application, built by every bundler without a setting of ours, opened in Chromium, from the tarball. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { launchChromium, openPage } from '../chromium.mjs';
import { installPacked } from '../packed.mjs';
import { Site } from '../runtimes/web.mjs';
import { esbuildBuild, rollupBuild, viteBuild, viteServe, webpackBuild } from './tools.mjs';

const APP = path.join(path.dirname(fileURLToPath(import.meta.url)), 'app');
const HOOK = path.join(APP, '../../../examples/react/use-device.js');
const TIMEOUT = 300_000;
const WAIT = { timeout: 90_000 };

/** @type {import('../packed.mjs').Project} */
let project;
/** @type {import('playwright-core').Browser} */
let browser;

before(async () => {
  project = await installPacked({ dependencies: ['react', 'react-dom'] });
  fs.cpSync(APP, project.folder, { recursive: true });
  // The hook that the guide shows.
  fs.copyFileSync(HOOK, path.join(project.folder, 'src', 'use-device.js'));
  browser = await launchChromium();
});

after(async () => {
  await browser?.close();
  project?.remove();
});

/** Opens the application and checks what it did; gives the wasm files that were fetched. @param {string} url */
async function works(url) {
  const { page, context, complaints } = await openPage(browser);
  /** @type {string[]} */
  const fetched = [];
  page.on('request', (request) => {
    if (request.url().includes('.wasm')) fetched.push(path.basename(new URL(request.url()).pathname));
  });
  try {
    await page.goto(url);
    const done = await page.waitForFunction(() => /** @type {any} */ (globalThis).result, undefined, WAIT);
    assert.deepEqual(await done.jsonValue(), { body: '{"bundled":true}', state: 'closed', code: 'closed' });
    assert.deepEqual(complaints, []);
    return fetched;
  } finally {
    await context.close();
  }
}

/** @param {string} folder @param {string} [pathname] */
async function servedWorks(folder, pathname = '/') {
  const site = await Site.open(folder);
  try {
    return await works(site.url + pathname);
  } finally {
    await site.close();
  }
}

test('Vite builds it, with the wasm as files', { timeout: TIMEOUT }, async () => {
  const dist = await viteBuild(project.folder);
  assert.equal((await servedWorks(dist)).length, 2);
  const scripts = fs.readdirSync(path.join(dist, 'assets')).filter((name) => name.endsWith('.js'));
  const sizes = scripts.map((name) => fs.statSync(path.join(dist, 'assets', name)).size);
  assert.ok(Math.max(...sizes) < 100_000, `the wasm is not in the scripts too: ${sizes}`);
});

test('Vite serves it while it is developed', { timeout: TIMEOUT }, async () => {
  const server = await viteServe(project.folder);
  try {
    await works(`${server.url}/`);
  } finally {
    await server.close();
  }
});

for (const mode of /** @type {const} */ (['production', 'development']))
  test(`webpack builds it for ${mode}, with the wasm as files`, { timeout: TIMEOUT }, async () => {
    assert.equal((await servedWorks(await webpackBuild(project.folder, mode))).length, 2);
  });

test('esbuild builds it into one script', { timeout: TIMEOUT }, async () => {
  assert.deepEqual(await servedWorks(await esbuildBuild(project.folder)), []);
});

test('esbuild builds it minified, as a module', { timeout: TIMEOUT }, async () => {
  const folder = await esbuildBuild(project.folder, { minify: true, format: 'esm' });
  assert.deepEqual(await servedWorks(folder), []);
});

test('Rollup builds it into one script', { timeout: TIMEOUT }, async () => {
  assert.deepEqual(await servedWorks(await rollupBuild(project.folder)), []);
});

test('Rollup builds it for browsers by name', { timeout: TIMEOUT }, async () => {
  assert.deepEqual(await servedWorks(await rollupBuild(project.folder, { browser: true })), []);
});

test('no bundler at all: a module script and an import map', { timeout: TIMEOUT }, async () => {
  const fetched = await servedWorks(project.folder, '/plain.html');
  assert.deepEqual(fetched.sort(), ['iothub_hub_wasm_bg.wasm', 'iothub_wasm_bg.wasm']);
});

test('React in strict mode connects, disposes and connects again', { timeout: TIMEOUT }, async () => {
  const server = await viteServe(project.folder);
  const { page, context, complaints } = await openPage(browser);
  try {
    await page.goto(`${server.url}/strict.html`);
    await page.getByText('connected', { exact: true }).waitFor(WAIT);
    await page.evaluate(() => /** @type {any} */ (globalThis).unmount());
    const gone = () => {
      const { connections } = /** @type {any} */ (globalThis);
      const count = (/** @type {string} */ state) =>
        connections.filter((/** @type {string} */ seen) => seen === state).length;
      return count('connected') > 0 && count('connected') === count('disconnected');
    };
    await page.waitForFunction(gone, undefined, WAIT);
    assert.equal(await page.evaluate(() => /** @type {any} */ (globalThis).bodies), 1);
    assert.deepEqual(complaints, []);
  } finally {
    await context.close();
    await server.close();
  }
});
