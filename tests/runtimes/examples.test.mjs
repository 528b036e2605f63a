/** The programs in `examples/`, run as their first lines say, and the same text at the head of each runtime's page. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { launchChromium, openPage } from '../chromium.mjs';
import { startHub } from '../hub-process.mjs';
import { installPacked } from '../packed.mjs';
import { createDevice } from './hosts/service.js';
import { program } from './programs.mjs';
import { Site } from './web.mjs';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const EXAMPLES = path.join(ROOT, 'examples');
const PAGES = path.join(ROOT, 'docs/runtimes');
const TIMEOUT = 300_000;

/** @type {import('../packed.mjs').Project} */
let project;
/** @type {string} */
let hub;
/** @type {import('../hub-process.mjs').HubProcess} */
let hubProcess;

before(async () => {
  project = await installPacked({ dependencies: ['ws'] });
  for (const name of ['node', 'deno', 'bun', 'browser'])
    fs.cpSync(path.join(EXAMPLES, name), path.join(project.folder, name), { recursive: true });
  hubProcess = await startHub();
  hub = hubProcess.ready.http.replace('127.0.0.1', 'localhost');
});

after(async () => {
  await hubProcess?.stop();
  project?.remove();
});

/** How each is started; Deno with the hub as its only permission. @type {Record<string, () => [string, string[]]>} */
const DEVICES = {
  Node: () => ['node', ['node/device.mjs']],
  Deno: () => {
    const net = `--allow-net=${new URL(hub).host}`;
    return ['deno', ['run', '--no-prompt', '--node-modules-dir=manual', net, 'deno/device.js']];
  },
  Bun: () => ['bun', ['bun/device.js']],
};

for (const [name, start] of Object.entries(DEVICES))
  test(`${name}: the device sends, hears a message, and stops when it is told`, {
    timeout: TIMEOUT,
  }, async () => {
    const { service, connectionString } = await createDevice(hub);
    const [command, args] = start();
    const ended = program(command, [...args, connectionString], project.folder);
    const [event] = await Promise.race([service.events('telemetry', () => true), ended.then(() => [])]);
    assert.match(event.body, /^\{"temperature":2\d/);
    await service.sendMessage({ body: 'hello' });
    await service.events('c2d', ({ state }) => state === 'completed');
    assert.deepEqual(await service.invoke('stop', null), { status: 200, payload: { stopping: true } });
    const printed = await ended;
    assert.match(printed, /^connected\n/);
    // The desired properties may come before it.
    assert.match(printed, /^sent 1$/m);
    assert.match(printed, /message hello/);
  });

test('Node with ws: one message, then it ends', { timeout: TIMEOUT }, async () => {
  const { service, connectionString } = await createDevice(hub);
  await program(process.execPath, ['node/device-ws.mjs', connectionString], project.folder);
  const [event] = await service.events('telemetry', () => true);
  assert.equal(event.body, '{"temperature":21.5}');
});

test('a page without a bundler sends its message', { timeout: TIMEOUT }, async () => {
  const { service, connectionString } = await createDevice(hub);
  const folder = path.join(project.folder, 'browser');
  fs.symlinkSync(path.join(project.folder, 'node_modules'), path.join(folder, 'node_modules'), 'dir');
  const [site, browser] = [await Site.open(folder), await launchChromium()];
  try {
    const { page, complaints } = await openPage(browser);
    page.on('dialog', (dialog) => void dialog.accept(connectionString));
    await page.goto(`${site.url}/`);
    await service.events('telemetry', ({ body }) => body === '{"temperature":21.5}');
    await service.sendMessage({ body: 'hello' });
    await page.getByText('hello').waitFor();
    assert.deepEqual(complaints, []);
  } finally {
    await browser.close();
    await site.close();
  }
});

test('each page begins with a program of examples/, letter for letter', () => {
  for (const name of ['browser', 'node', 'deno', 'bun', 'cloudflare', 'react']) {
    const text = fs.readFileSync(path.join(PAGES, `${name}.md`), 'utf8');
    const [, file = '', code] = /^# .+\n\n```\w+ (\S+)\n([\s\S]*?)```/.exec(text) ?? [];
    assert.equal(code, fs.readFileSync(path.join(EXAMPLES, file), 'utf8'), `docs/runtimes/${name}.md`);
  }
});
