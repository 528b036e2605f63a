/** What a device object keeps, through failing handlers, refused patches, full storage and evictions; in workerd. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CloudflareWorld } from './world.mjs';

const OPTIONS = { timeout: 300_000 };
const DEADLINE_MS = 30_000;
/** Of the test's `Windowed`, in milliseconds. */
const WINDOW = 2_000;

/** @type {CloudflareWorld} */
let world;
before(async () => {
  world = await CloudflareWorld.open();
});
after(() => world?.close());

/** Asks again and again, but not for ever. @param {string} what @param {() => Promise<unknown>} wanted */
async function until(what, wanted) {
  const end = Date.now() + DEADLINE_MS;
  while (!(await wanted())) {
    assert.ok(Date.now() < end, `no ${what} within ${DEADLINE_MS} ms`);
    await new Promise((resolve) => setImmediate(resolve)); // the hub's events come in, too
  }
}

/** An object of a new device. @param {string} [binding] */
async function newObject(binding = 'STANDING') {
  const { deviceId, service } = await world.createDevice();
  const call = (/** @type {string} */ method, /** @type {unknown} */ argument = undefined) =>
    world.call(binding, deviceId, method, argument);
  const seen = async () => (await call('seen')).map((/** @type {{ patch: unknown }} */ { patch }) => patch);
  const status = (/** @type {string} */ field) => call('status').then((now) => now[field]);
  const reported = async () => {
    const { $version, $metadata, ...own } = (await service.call('GET', '/twin')).properties.reported;
    return own;
  };
  /** What the hub told of this device. @param {(event: any) => boolean} wanted */
  const told = (wanted) => world.events.seen.filter((event) => event.deviceId === deviceId && wanted(event));
  return { deviceId, service, call, seen, status, reported, told };
}

/** Connected, and in step with the twin. @param {Awaited<ReturnType<typeof newObject>>} object */
async function inStep({ service, call, seen }) {
  await service.setDesired({ interval: 1 });
  await call('send', { body: 'wake up' });
  await until('first desired change', async () => (await seen()).length === 1);
}

/** @param {any} event */
const isReport = (event) => event.type === 'twin' && event.section === 'reported';
/** @param {string} state */
const connection = (state) => (/** @type {any} */ event) =>
  event.type === 'connection' && event.state === state;

test('desired changes come one at a time, and a failed one comes again', OPTIONS, async () => {
  const object = await newObject();
  await inStep(object);
  const first = await object.status('desiredVersion');
  await object.call('hold', 5);
  await object.service.setDesired({ interval: 5 });
  const tried = async (/** @type {number} */ count) => (await object.call('attempts')).length >= count;
  await until('start of the handler', () => tried(2));
  await object.service.setDesired({ mode: 'eco' });
  // A round trip through the device: the change is there by now.
  await object.service.invoke('setTarget', { celsius: 19 });
  assert.equal((await object.call('attempts')).length, 2, 'the second waits for the first');
  await object.call('release');
  await until('second change', async () => (await object.seen()).length >= 2);
  const [, second] = await object.seen();
  assert.deepEqual(second, { mode: 'eco' });
  await until('missed change', async () => (await object.seen()).length === 3);
  const [, , again] = await object.seen();
  assert.deepEqual(again, { interval: 5, mode: 'eco' });
  await until('last version', async () => (await object.status('desiredVersion')) === first + 2);
});

test('a failed change comes again after an eviction, too', OPTIONS, async () => {
  const object = await newObject();
  await inStep(object);
  const first = await object.status('desiredVersion');
  await object.call('hold', 5);
  await object.service.setDesired({ interval: 5 });
  await until('handler', async () => (await object.call('attempts')).length === 2);
  await world.evict('STANDING', object.deviceId);
  await object.service.setDesired({ mode: 'eco' });
  await until('both changes', async () => (await object.seen()).length === 2);
  assert.deepEqual((await object.seen()).at(-1), { interval: 5, mode: 'eco' });
  await until('last version', async () => (await object.status('desiredVersion')) === first + 2);
});

test('what was removed while nobody was there is raised as null', OPTIONS, async () => {
  const object = await newObject();
  await inStep(object);
  await object.call('keepAway', true);
  await world.evict('STANDING', object.deviceId);
  await object.service.setDesired({ interval: null, mode: 'eco' });
  await object.call('keepAway', false);
  await until('change', async () => (await object.seen()).length === 2);
  assert.deepEqual((await object.seen()).at(-1), { interval: null, mode: 'eco' });
});

test('a device that was deleted and made again is followed from its first version', OPTIONS, async () => {
  const object = await newObject();
  await inStep(object);
  for (let mode = 0; mode < 4; mode += 1) await object.service.setDesired({ mode });
  await until('all changes', async () => (await object.seen()).length === 5);
  await object.call('keepAway', true);
  await world.evict('STANDING', object.deviceId);
  await object.service.call('DELETE', '');
  await world.createDevice(object.deviceId);
  await object.service.setDesired({ interval: 77 });
  await object.call('keepAway', false);
  await until('change of the new twin', async () => (await object.seen()).length === 6);
  assert.deepEqual((await object.seen()).at(-1), { interval: 77, mode: null });
  assert.equal(await object.status('desiredVersion'), 2);
});

test('stored patches give what they give one by one', OPTIONS, async () => {
  const object = await newObject();
  await object.call('updateReported', { a: { c: 1 } });
  await until('first report', async () => (await object.reported()).a?.c === 1);
  await until('empty queue', async () => (await object.call('stored', 'reported:')) === 0);
  await object.call('keepAway', true);
  await world.evict('STANDING', object.deviceId);
  for (let number = 0; number < 30; number += 1) await object.call('updateReported', { n: { number } });
  await object.call('updateReported', { a: null });
  await object.call('updateReported', { a: { b: 1 } });
  const stored = await object.call('stored', 'reported:');
  assert.ok(stored < 20, `${stored} patches are stored: later ones are merged`);
  await object.call('keepAway', false);
  await until('all reports', async () => (await object.call('stored', 'reported:')) === 0);
  assert.deepEqual(await object.reported(), { a: { b: 1 }, n: { number: 29 } });
});

test('a patch that was taken is not sent again after an eviction', OPTIONS, async () => {
  const object = await newObject();
  await inStep(object);
  await object.call('endAtTaken');
  await object.call('updateReported', { once: { more: 1, gone: null } });
  await until('report', async () => object.told(isReport).some(({ patch }) => patch.once));
  await until('end', async () => object.told(connection('connected')).length === 2);
  await until('empty queue', async () => (await object.call('stored', 'reported:')) === 0);
  await object.call('updateReported', { later: 1 });
  await until('later report', async () => object.told(isReport).some(({ patch }) => patch.later));
  assert.equal(object.told(isReport).filter(({ patch }) => patch.once).length, 1);
});

for (const binding of ['STANDING', 'ON_DEMAND'])
  test(`a patch that the hub refuses takes no other along: ${binding}`, OPTIONS, async () => {
    const object = await newObject(binding);
    await assert.rejects(object.call('updateReported', { $bad: 1 }), /\$bad/);
    const { id } = await object.service.addFault({ kind: 'twin-error', code: 400 });
    await object.call('updateReported', { bad: 1 });
    await until('dropped patch', async () => (await object.call('dropped')).length > 0);
    await object.service.removeFault(id);
    await object.call('updateReported', { good: 1 });
    await until('good one', async () => (await object.reported()).good === 1);
    assert.equal((await object.reported()).bad, undefined);
    const dropped = await object.call('dropped');
    assert.deepEqual(
      dropped.filter((/** @type {any} */ one) => one.dropped.reported.bad),
      [{ dropped: { reported: { bad: 1 } }, code: 'twin-bad-request' }],
    );
    await until('empty queue', async () => (await object.call('stored', 'reported:')) === 0);
    if (binding === 'ON_DEMAND') await until('rest', async () => (await object.status('state')) === 'closed');
  });

test('a patch over the limit of a section takes no other along', OPTIONS, async () => {
  const object = await newObject();
  const texts = Array.from({ length: 10 }, (_, number) => [`t${number}`, 'x'.repeat(3_500)]);
  // Refused here or by the hub, which knows the rest of the section: the application hears of it either way.
  const refused = await object.call('updateReported', Object.fromEntries(texts)).then(
    () => false,
    (error) => /twin-bad-request|32/.test(String(error)),
  );
  await object.call('updateReported', { good: 1 });
  await until('good one', async () => (await object.reported()).good === 1);
  assert.deepEqual(await object.reported(), { good: 1 });
  const dropped = await object.call('dropped');
  assert.deepEqual([refused, dropped[0]?.code], refused ? [true, undefined] : [false, 'twin-bad-request']);
  await until('empty queue', async () => (await object.call('stored', 'reported:')) === 0);
});

test('a page that cannot be told anything holds nothing up', OPTIONS, async () => {
  const object = await newObject();
  const path = `/test/STANDING/${object.deviceId}/attach`;
  const page = await world.fetch(path, { headers: { upgrade: 'websocket' } });
  await inStep(object);
  assert.equal(await object.call('closePages'), 1, 'it is still there, and closing');
  await object.service.sendMessage({ body: 'hello' });
  await until('message', async () => (await object.call('read')).includes('hello'));
  await object.call('send', { body: 'after all' });
  await world.event(object.deviceId, 'telemetry', ({ body }) => body === 'after all');
  await until('empty outbox', async () => (await object.status('queued')) === 0);
  /** @type {any} */ (page).webSocket.accept();
});

test('a window ends although acknowledgements do not come', OPTIONS, async () => {
  const object = await newObject('WINDOWED');
  const { id } = await object.service.addFault({ kind: 'drop-puback' });
  await object.call('send', { body: 'unanswered' });
  await until('end of the window', async () => object.told(connection('disconnected')).length > 0);
  const [opened, closed] = [connection('connected'), connection('disconnected')].map((wanted) =>
    Date.parse(object.told(wanted)[0]?.at),
  );
  assert.ok(
    Number(closed) - Number(opened) < 2 * WINDOW,
    `it was open for ${Number(closed) - Number(opened)} ms`,
  );
  await object.service.removeFault(id);
  await until('next window', async () => (await object.status('queued')) === 0);
});

test('what cannot be sent or stored is refused, and counts for nothing', OPTIONS, async () => {
  const object = await newObject('SMALL');
  await object.call('keepAway', true);
  await assert.rejects(object.call('sendDated'), /failed/);
  await assert.rejects(object.call('sendBytes', 300_000), /262144/, 'the hub takes no such message');
  await assert.rejects(object.call('sendUnstored'), /could not be cloned/);
  assert.equal(await object.status('queued'), 0);
  for (const body of ['a', 'b', 'c']) await object.call('send', { body });
  await assert.rejects(object.call('send', { body: 'd' }), /3 messages are stored/);
  await world.evict('SMALL', object.deviceId);
  assert.equal(await object.status('queued'), 3);
  await object.call('keepAway', false);
  await until('empty outbox', async () => (await object.status('queued')) === 0);
  const telemetry = object.told(({ type }) => type === 'telemetry');
  assert.deepEqual(
    telemetry.map(({ body }) => body),
    ['a', 'b', 'c'],
  );
});

test('a message that can never be sent blocks none behind it', OPTIONS, async () => {
  const object = await newObject();
  await object.call('keepAway', true);
  await object.call('plant');
  await world.evict('STANDING', object.deviceId);
  for (let number = 0; number < 50; number += 1) await object.call('send', { body: { number } });
  assert.equal(await object.status('queued'), 51);
  await object.call('keepAway', false);
  await until('empty outbox', async () => (await object.status('queued')) === 0);
  const bodies = object.told(({ type }) => type === 'telemetry').map(({ body }) => JSON.parse(body).number);
  assert.deepEqual(bodies, [...Array(50).keys()]);
  const [poison] = await object.call('dropped');
  assert.equal(poison.dropped.messageId, 'poison');
});
