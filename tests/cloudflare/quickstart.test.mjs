/** The two quick starts of docs/runtimes/cloudflare.md, with the files that they name. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { createDevice } from '../runtimes/hosts/service.js';
import { bundleWorker, openWorkerd } from '../runtimes/workerd.mjs';
import { CloudflareWorld, GROUP_KEY, SECRETS } from './world.mjs';

const OPTIONS = { timeout: 300_000 };

/** @type {CloudflareWorld} */
let world;
before(async () => {
  world = await CloudflareWorld.open();
});
after(() => world?.close());

test('the plain Worker sends what it is given', OPTIONS, async () => {
  const { deviceId, connectionString } = await createDevice(world.hub.ready.http);
  const entry = path.join(world.project.folder, 'examples/cloudflare-worker/src/index.js');
  const script = await bundleWorker(entry, path.join(world.project.folder, 'plain'));
  const worker = await openWorkerd(script, { bindings: { CONNECTION_STRING: connectionString } });
  try {
    const refused = await worker.dispatchFetch('http://localhost:8787');
    assert.equal(refused.status, 400);
    const init = { method: 'POST', body: '{"temperature":21.5}' };
    const response = await worker.dispatchFetch('http://localhost:8787', init);
    assert.deepEqual([response.status, await response.text()], [202, 'sent\n']);
    const event = await world.event(deviceId, 'telemetry', ({ type }) => type === 'telemetry');
    assert.equal(event.body, '{"temperature":21.5}');
  } finally {
    await worker.dispose();
  }
});

/** Runs the script of the example with settings. @param {Record<string, string>} settings @param {string} deviceId */
async function createByScript(settings, deviceId) {
  const cwd = path.join(world.project.folder, 'examples/cloudflare-device');
  const lines = Object.entries(settings).map(([name, value]) => `${name}="${value}"\n`);
  fs.writeFileSync(path.join(cwd, '.dev.vars'), lines.join(''));
  const { stdout } = await promisify(execFile)(process.execPath, ['create-device.mjs', deviceId], { cwd });
  return stdout.trim();
}

test('a device that the script creates is the object that the webhook feeds', OPTIONS, async () => {
  const { port } = new URL(world.hub.ready.http);
  const settings = { GROUP_KEY, IOTHUB_HOST: 'localhost', LOCAL_PORT: port };
  assert.equal(await createByScript(settings, 'truck-7'), 'created truck-7');
  const headers = { authorization: `Bearer ${SECRETS.WEBHOOK_SECRET}` };
  const init = { method: 'POST', body: '{"temperature":21.5}', headers };
  assert.equal((await world.fetch('/devices/truck-7/telemetry', init)).status, 202);
  const event = await world.event('truck-7', 'telemetry', ({ type }) => type === 'telemetry');
  assert.equal(event.body, '{"temperature":21.5}');
});

test('for a hub of Azure the script prints the command', OPTIONS, async () => {
  const settings = { GROUP_KEY, IOTHUB_HOST: 'my-hub.azure-devices.net' };
  const command = await createByScript(settings, 'truck-7');
  assert.match(
    command,
    /^az iot hub device-identity create --hub-name my-hub --device-id truck-7 --primary-key "[\w+/]{43}="/,
  );
});

test('every setting of the Worker is in the example of .dev.vars', () => {
  const folder = path.join(world.project.folder, 'examples/cloudflare-device');
  const example = fs.readFileSync(path.join(folder, '.dev.vars.example'), 'utf8');
  const named = [...example.matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name);
  const needed = ['GROUP_KEY', ...Object.keys(SECRETS), 'IOTHUB_HOST', 'LOCAL_PORT'];
  assert.deepEqual(named.sort(), needed.sort());
});
