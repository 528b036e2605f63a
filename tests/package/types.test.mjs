/** The types as an application compiles them: strict, in a page, in a worker, in Node, without any of them. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { installPacked } from '../packed.mjs';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const TSC = path.join(ROOT, 'node_modules/typescript/bin/tsc');

const PROGRAM = `
import { DeviceClient, IotHubError, type ConnectOptions, type MethodRequest, type StatusEvent } from 'iothub-wasm';
import { IotHubError as Same } from 'iothub-wasm/errors';
import { LocalHub } from 'iothub-wasm/hub';

export async function main(credentials: string, options: ConnectOptions): Promise<number> {
  const hub = await LocalHub.start();
  await using device = await DeviceClient.connect(credentials, { ...options, WebSocket: hub.WebSocket });
  await device.send({ body: { t: 21.5 }, properties: { a: 'b' } }, { qos: 1, timeout: 1000 });
  device.addEventListener('status', (event: StatusEvent) => event.state satisfies string, { once: true });
  device.addEventListener('message', (event) => event.waitUntil(Promise.resolve(event.message.text())));
  device.addEventListener('desired', ({ patch, version }) => [patch, version.toFixed()]);
  const off: () => void = device.onMethod('reboot', async ({ payload, signal }) => ({ status: signal.aborted ? 499 : 200, payload }));
  off();
  const { desired } = await device.getTwin();
  return desired.$version;
}

interface Reading {
  temperature: number;
  at?: Date;
}
interface Settings {
  interval?: number;
  network: { name: string };
}

/** An interface is what JSON holds, too; sections and payloads have the types that they are given. */
export async function typed(credentials: string, reading: Reading): Promise<number> {
  const device = await DeviceClient.connect<Settings, Reading>(credentials, { prepare: (made) => made.state });
  await device.send({ body: reading });
  await device.send({ body: [reading, { at: new Date() }] });
  await device.updateReported({ temperature: 21, at: null });
  device.addEventListener('desired', ({ patch }) => {
    if (patch.interval) patch.interval.toFixed();
    return patch.network?.name?.length;
  });
  device.onMethod('delay', ({ payload }: MethodRequest<{ delay: number }>) => payload.delay.toFixed());
  device.onMethod<{ delay: number }>('wait', ({ payload }) => ({ status: 200, payload: payload.delay.toFixed() }));
  const untyped: DeviceClient = await DeviceClient.connect(credentials);
  await untyped.updateReported(reading);
  const events: EventTarget = device;
  events.addEventListener('one of my own', (event) => event.type);
  const { desired, reported } = await device.getTwin();
  return (desired.interval ?? 1) + reported.temperature + desired.network.name.length;
}

export function retry(error: unknown): boolean {
  if (!(error instanceof IotHubError) || !(error instanceof Same)) return false;
  switch (error.code) {
    case 'unauthorized':
      return false;
    default:
      return error.retryable;
  }
}
`;

/** Each of these is wrong, and must be said to be wrong. */
const WRONG = {
  'a number is no property': `device.send({ body: 1, properties: { a: 1 } })`,
  'QoS 2 is not there': `device.send({ body: 1 }, { qos: 2 })`,
  'no such option': `DeviceClient.connect('', { keepAlive: 1 })`,
  'no such event field': `device.addEventListener('status', (event) => event.nothing)`,
  'no such event': `device.addEventListener('mesage', () => {})`,
  'no such event to leave': `device.removeEventListener('mesage', () => {})`,
  'no such message field': `device.send({ body: 1, propertys: {} })`,
  'no number as a patch': `device.updateReported(1)`,
  'another type of a reported member': `typed.updateReported({ celsius: 'warm' })`,
  'no such desired member': `typed.getTwin().then(({ desired }) => desired.nothing)`,
  'no such code': `new IotHubError('no-such-code', '')`,
  'it is made by connect': `new DeviceClient()`,
};

/** Taken from the repository, with what it needs itself. */
const TYPES = ['@types/node', 'undici-types'];

/** @type {Record<string, { lib: string[], types?: string[] }>} */
const PLACES = {
  'a page': { lib: ['ES2022', 'DOM'] },
  'a page of long ago': { lib: ['ES2018', 'DOM'] },
  'a worker': { lib: ['ES2022', 'WebWorker'] },
  'Node without DOM': { lib: ['ES2022'], types: ['@types/node'] },
};

/** @type {import('../packed.mjs').Project} */
let project;
before(async () => {
  project = await installPacked();
  for (const name of TYPES) {
    const at = path.join(project.folder, 'node_modules', name);
    fs.mkdirSync(path.dirname(at), { recursive: true });
    fs.symlinkSync(path.join(ROOT, 'node_modules', name), at);
  }
});
after(() => project?.remove());

/**
 * Compiles one program and gives what the compiler printed.
 * @param {string} program @param {{ lib: string[], types?: string[] }} place @param {Record<string, unknown>} [more]
 * @returns {Promise<string>}
 */
function compiled(program, { lib, types = [] }, more = {}) {
  const compilerOptions = {
    ...{ target: 'ES2022', module: 'NodeNext', moduleResolution: 'NodeNext', strict: true, noEmit: true },
    ...{ exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true, skipLibCheck: false },
    ...{ lib, types: types.map((name) => name.replace('@types/', '')), preserveSymlinks: true, ...more },
  };
  fs.writeFileSync(path.join(project.folder, 'main.ts'), program);
  const config = path.join(project.folder, 'tsconfig.json');
  fs.writeFileSync(config, JSON.stringify({ compilerOptions, files: ['main.ts'] }));
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [TSC, '-p', config, '--pretty', 'false'],
      { cwd: project.folder, timeout: 300_000 },
      (_, out, err) => resolve(out + err),
    );
  });
}

for (const [name, place] of Object.entries(PLACES)) {
  test(`the types compile in ${name}`, async () => {
    const program = place.lib.includes('ES2022') ? PROGRAM : PROGRAM.replace('await using', 'const');
    assert.equal(await compiled(program, place), '');
  });
}

test('the types compile as a bundler resolves them', async () => {
  const more = { module: 'ESNext', moduleResolution: 'Bundler' };
  assert.equal(await compiled(PROGRAM, { lib: ['ES2022', 'DOM'] }, more), '');
});

for (const [name, wrong] of Object.entries(WRONG)) {
  test(`the types refuse: ${name}`, async () => {
    const program = `import { DeviceClient, IotHubError } from 'iothub-wasm';
declare const device: DeviceClient, typed: DeviceClient<{ interval: number }, { celsius: number }>;
export const x = ${wrong};`;
    assert.match(await compiled(program, { lib: ['ES2022', 'DOM'] }), /^main\.ts\(3,/);
  });
}
