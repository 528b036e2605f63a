/** The hub inside a process, from the packed tarball: when it lets the process end, what it tells, how it closes. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { installPacked } from '../packed.mjs';
import { program } from './programs.mjs';

const OPTIONS = { timeout: 300_000 };
/** A process that does not end by itself within this time hangs. */
const ENDS_WITHIN = 60_000;

/** @type {import('../packed.mjs').Project} */
let project;
/** @type {{ LocalHub: typeof import('iothub-wasm/hub').LocalHub, DeviceClient: typeof import('iothub-wasm').DeviceClient }} */
let library;

before(async () => {
  project = await installPacked();
  const entry = (/** @type {string} */ file) =>
    import(pathToFileURL(path.join(project.folder, 'node_modules/iothub-wasm', file)).href);
  library = { ...(await entry('node.js')), ...(await entry('hub/node.js')) };
});
after(() => project?.remove());

/** A hub and a device that is connected to it. @param {import('node:test').TestContext} t */
async function connected(t) {
  const hub = await library.LocalHub.start();
  const device = await library.DeviceClient.connect(await hub.connectionString('device-1'), {
    WebSocket: hub.WebSocket,
    backoff: { base: 50, cap: 100 },
  });
  t.after(async () => {
    await device.close({ drain: 0 });
    hub.close();
  });
  return { hub, device };
}

const FORGETFUL = `
const hub = await LocalHub.start();
const given = await hub.connectionString('device-1');
const device = await DeviceClient.connect(given, { WebSocket: hub.WebSocket });
await device.send({ body: 'x' });
await device.close();
// A call keeps the process until it is answered.
const gone = await hub.invokeMethod('device-1', { methodName: 'x', connectTimeoutInSeconds: 1 }).catch((error) => error);
console.log('answered', gone.errorCode);
`;

for (const [runtime, args] of /** @type {[string, string[]][]} */ ([
  ['node', ['main.mjs']],
  ['deno', ['run', '--no-check', '--allow-read', 'main.mjs']],
  ['bun', ['run', 'main.mjs']],
]))
  test(`a process of ${runtime} ends although nobody closed its hub`, OPTIONS, async () => {
    const imports = `import { DeviceClient } from 'iothub-wasm'; import { LocalHub } from 'iothub-wasm/hub';`;
    fs.writeFileSync(path.join(project.folder, 'main.mjs'), imports + FORGETFUL);
    const command = runtime === 'node' ? process.execPath : runtime;
    const began = Date.now();
    const printed = await program(command, args, project.folder);
    assert.match(printed, /answered 404103/);
    assert.ok(Date.now() - began < ENDS_WITHIN, `it ended after ${Date.now() - began} ms`);
  });

test('events are kept from the call on, whenever they are read', OPTIONS, async (t) => {
  const { hub, device } = await connected(t);
  const events = hub.events({ types: ['telemetry'] });
  await device.send({ body: { t: 1 } });
  await device.send({ body: { t: 2 } });
  for (const t of [1, 2]) {
    const { value } = await events.next();
    assert.ok(value?.type === 'telemetry');
    assert.deepEqual(value.json(), { t });
  }
});

test('waitFor gives each event once, in order, from the past and the future', OPTIONS, async (t) => {
  const { hub, device } = await connected(t);
  await device.send({ body: { t: 1 } });
  const first = await hub.waitFor('telemetry');
  const second = hub.waitFor('telemetry', { where: ({ properties }) => properties.level === 'high' });
  await device.send({ body: { t: 2 } });
  await device.send({ body: { t: 3 }, properties: { level: 'high' } });
  assert.deepEqual([first.json(), (await second).json()], [{ t: 1 }, { t: 3 }]);
  assert.deepEqual((await hub.waitFor('telemetry')).json(), { t: 2 });
  assert.deepEqual(
    hub.eventsSoFar({ types: ['telemetry'] }).map((event) => event.json().t),
    [1, 2, 3],
  );
  const { lastEventId } = hub;
  const next = hub.waitFor('connection', { lastEventId });
  await hub.addFault({ kind: 'cut' });
  assert.equal((await next).state, 'disconnected');
});

test('waitFor says what did not come', OPTIONS, async (t) => {
  const { hub, device } = await connected(t);
  await device.send({ body: 'x' });
  await assert.rejects(
    hub.waitFor('telemetry', { where: () => false, timeout: 50 }),
    /No "telemetry" event within 50 ms \(1 of that type did not match\)/,
  );
  const reason = new Error('enough');
  await assert.rejects(hub.waitFor('c2d', { signal: AbortSignal.abort(reason) }), reason);
  const waiting = hub.waitFor('c2d');
  hub.close();
  await assert.rejects(waiting, /before the hub was closed/);
});

test('a body that is no text is read as JSON when it is some', OPTIONS, async (t) => {
  const { hub, device } = await connected(t);
  await device.send({ body: new Uint8Array([0xff]) });
  const event = await hub.waitFor('telemetry');
  assert.equal(event.bodyBase64, '/w==');
  assert.throws(() => event.json(), SyntaxError);
});

/** An open socket of a hub. @param {InstanceType<typeof library.LocalHub>} hub */
async function openSocket(hub) {
  const Socket = /** @type {any} */ (hub.WebSocket);
  const socket = new Socket('ws://localhost/$iothub/websocket', 'mqtt');
  await new Promise((resolve) => socket.addEventListener('open', resolve));
  const closed = new Promise((resolve) => socket.addEventListener('close', resolve));
  return { socket, closed };
}

test('a socket that is closed with a code reports it', OPTIONS, async () => {
  const hub = await library.LocalHub.start();
  for (const [given, reported] of /** @type {[any[], [number, string]][]} */ ([
    [[1000], [1000, '']],
    [
      [4000, 'enough'],
      [4000, 'enough'],
    ],
    [[], [1005, '']],
  ])) {
    const { socket, closed } = await openSocket(hub);
    assert.throws(() => socket.close(1001), { name: 'InvalidAccessError' });
    assert.throws(() => socket.close(1000, 'x'.repeat(124)), { name: 'SyntaxError' });
    socket.close(...given);
    const { code, reason, wasClean } = /** @type {any} */ (await closed);
    assert.deepEqual([code, reason, wasClean], [...reported, true]);
  }
  hub.close();
});

test('a hub that closes tells its sockets so', OPTIONS, async () => {
  const hub = await library.LocalHub.start();
  const { closed } = await openSocket(hub);
  hub.close();
  const { code, reason, wasClean } = /** @type {any} */ (await closed);
  assert.deepEqual([code, reason, wasClean], [1001, 'the hub in this page was closed', true]);
  const late = new hub.WebSocket('ws://localhost/$iothub/websocket', 'mqtt');
  const end = await new Promise((resolve) => late.addEventListener('close', resolve));
  assert.equal(/** @type {any} */ (end).code, 1006);
});
