/** The packed package under Vitest, in the environments whose `WebSocket` is a script of its own: jsdom, happy-dom. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { startHub } from '../hub-process.mjs';
import { installPacked } from '../packed.mjs';
import { createDevice } from '../runtimes/hosts/service.js';
import { program } from '../runtimes/programs.mjs';

const SPEC = fileURLToPath(new URL('device.spec.js', import.meta.url));
const TIMEOUT = 120_000;

/** Each environment, and what its `navigator.userAgent` says. */
const ENVIRONMENTS = { jsdom: 'jsdom', 'happy-dom': 'HappyDOM' };

/** @type {import('../packed.mjs').Project} */
let project;
/** @type {import('../hub-process.mjs').HubProcess} */
let hub;

before(async () => {
  project = await installPacked({ dependencies: ['vitest', 'jsdom', 'happy-dom'] });
  fs.copyFileSync(SPEC, path.join(project.folder, 'device.spec.js'));
  hub = await startHub();
});

after(async () => {
  await hub?.stop();
  project?.remove();
});

for (const [environment, agent] of Object.entries(ENVIRONMENTS))
  test(`${environment}: a device connects, sends, receives and closes`, { timeout: TIMEOUT }, async () => {
    const { service, connectionString } = await createDevice(hub.ready.http);
    const vitest = path.join(project.folder, 'node_modules', 'vitest', 'vitest.mjs');
    const args = [vitest, 'run', '--environment', environment, '--root', project.folder];
    const env = { DEVICE: connectionString, AGENT: agent };
    // The hub keeps it until the device listens.
    await service.sendMessage({ body: 'hello' });
    assert.match(await program(process.execPath, args, project.folder, env), /Tests\s+1 passed/);
    const events = await service.events('telemetry', () => true, 300);
    assert.equal(new Set(events.map(({ body }) => body)).size, 300);
  });
