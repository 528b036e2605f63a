/**
 * One list of behaviours in every runtime, against one hub, from the packed tarball. Each runtime has a thin host in
 * `hosts/`; this file starts them and turns what they report into tests.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { launchChromium, openPage } from '../chromium.mjs';
import { startHub } from '../hub-process.mjs';
import { installPacked } from '../packed.mjs';
import { findFirefox, openFirefox } from './firefox.mjs';
import { NAMES } from './hosts/behaviours.js';
import { lastLine, program } from './programs.mjs';
import { Site } from './web.mjs';
import { bundleWorker, openWorkerd } from './workerd.mjs';

const HOSTS = path.join(path.dirname(fileURLToPath(import.meta.url)), 'hosts');
const TIMEOUT = 600_000;

/** @typedef {import('./hosts/behaviours.js').Result} Result */

/** @type {import('../packed.mjs').Project} */
let project;
/** @type {import('../hub-process.mjs').HubProcess} */
let hub;
/** @type {Site} */
let site;

before(async () => {
  project = await installPacked({ dependencies: ['ws'] });
  fs.cpSync(HOSTS, project.folder, { recursive: true });
  hub = await startHub();
  site = await Site.open(project.folder);
});

after(async () => {
  await site?.close();
  await hub?.stop();
  project?.remove();
});

/** The hub by the name that connection strings have: a runtime with permissions needs only the one. */
function hubAddress() {
  return hub.ready.http.replace('127.0.0.1', 'localhost');
}

/** The address of the page that runs the behaviours. @param {'page' | 'worker' | 'shared'} where */
function address(where) {
  const entry = '/node_modules/iothub-wasm/browser.js';
  return `${site.url}/page.html?${new URLSearchParams({ where, entry, hub: hubAddress() })}`;
}

/** @param {'page' | 'worker' | 'shared'} where @returns {Promise<Result[]>} */
async function inChromium(where) {
  const browser = await launchChromium();
  try {
    const { page, complaints } = await openPage(browser);
    const report = site.report(() => complaints.join('\n'));
    await page.goto(address(where));
    return await report;
  } finally {
    await browser.close();
  }
}

/** @param {'page' | 'worker' | 'shared'} where @returns {Promise<Result[]>} */
async function inFirefox(where) {
  const firefox = openFirefox(findFirefox() ?? '', address(where));
  try {
    return await site.report(firefox.log);
  } finally {
    await firefox.close();
  }
}

/** @param {string} pathname @returns {Promise<Result[]>} */
async function inWorkerd(pathname) {
  const script = await bundleWorker(path.join(project.folder, 'worker.js'), path.join(project.folder, 'out'));
  const workerd = await openWorkerd(script, { durableObjects: { HOST: 'Host' } });
  try {
    const response = await workerd.dispatchFetch(`http://worker${pathname}?hub=${hubAddress()}`);
    assert.equal(response.status, 200, await response.clone().text());
    return await response.json();
  } finally {
    await workerd.dispose();
  }
}

/** @param {string} command @param {string[]} args */
async function asProgram(command, ...args) {
  return lastLine(await program(command, [...args, hubAddress()], project.folder));
}

function inDeno() {
  const { host } = new URL(hubAddress());
  return asProgram(
    'deno',
    'run',
    '--no-prompt',
    '--node-modules-dir=manual',
    `--allow-net=${host}`,
    'program.js',
  );
}

/** @type {Record<string, () => Promise<Result[]>>} */
const RUNTIMES = {
  'Chromium, page': () => inChromium('page'),
  'Chromium, dedicated worker': () => inChromium('worker'),
  'Chromium, shared worker': () => inChromium('shared'),
  'Firefox, page': () => inFirefox('page'),
  'Firefox, dedicated worker': () => inFirefox('worker'),
  'Node 24': () => asProgram('node', 'program.js'),
  [`Node ${process.versions.node.split('.')[0]} with ws`]: () => asProgram(process.execPath, 'program-ws.js'),
  'Deno, with the hub as its only permission': inDeno,
  Bun: () => asProgram('bun', 'program.js'),
  'workerd, plain Worker': () => inWorkerd('/'),
  'workerd, Durable Object': () => inWorkerd('/object'),
};

for (const [name, run] of Object.entries(RUNTIMES)) {
  const skip = name.startsWith('Firefox') && !findFirefox() && 'there is no Firefox on this machine';
  test(name, { timeout: TIMEOUT, skip }, async (t) => {
    const results = await run();
    assert.deepEqual(
      results.map((result) => result.name),
      NAMES,
    );
    for (const { name: behaviour, error } of results)
      await t.test(behaviour, () => {
        if (error !== undefined) assert.fail(error);
      });
  });
}

test('a runtime without WebSocket is told what to pass', { timeout: TIMEOUT }, async () => {
  const source = `
    import { DeviceClient } from 'iothub-wasm';
    globalThis.WebSocket = undefined;
    const credentials = { host: 'localhost', deviceId: 'd', key: 'a2V5' };
    console.log(await DeviceClient.connect(credentials).catch((error) => error.code + ': ' + error.message));`;
  const printed = await program(process.execPath, ['--input-type=module', '--eval', source], project.folder);
  assert.match(printed, /^runtime: .*pass a class.*"ws"/);
});
