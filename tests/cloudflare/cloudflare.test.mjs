/** The Cloudflare example in workerd: a device in a Durable Object in each mode, evicted in between; webhook; tokens. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { CloudflareWorld, SECRETS } from './world.mjs';

const TIMEOUT = 300_000;
const EVICTIONS = 50;
const DEADLINE_MS = 60_000;
const SESSION = { authorization: `Bearer ${SECRETS.SESSION_SECRET}` };

/** @type {CloudflareWorld} */
let world;
before(async () => {
  world = await CloudflareWorld.open();
});
after(() => world?.close());

/** Asks again and again, but not for ever. @param {string} what @param {() => Promise<boolean>} wanted */
async function until(what, wanted) {
  const end = Date.now() + DEADLINE_MS;
  while (!(await wanted())) assert.ok(Date.now() < end, `no ${what} within ${DEADLINE_MS} ms`);
}

/** @param {string} state */
const connection = (state) => (/** @type {any} */ event) =>
  event.type === 'connection' && event.state === state;

test('a webhook is stored, answered, and reaches the hub', { timeout: TIMEOUT }, async () => {
  const { deviceId } = await world.createDevice();
  const body = JSON.stringify({ t: 21.5 });
  const refused = await world.fetch(`/devices/${deviceId}/telemetry`, { method: 'POST', body });
  assert.equal(refused.status, 401);
  const headers = { authorization: `Bearer ${SECRETS.WEBHOOK_SECRET}` };
  const response = await world.fetch(`/devices/${deviceId}/telemetry`, { method: 'POST', body, headers });
  assert.equal(response.status, 202);
  const { messageId } = /** @type {any} */ (await response.json());
  const event = await world.event(deviceId, 'telemetry', ({ type }) => type === 'telemetry');
  assert.deepEqual([event.body, event.systemProperties['message-id']], [body, messageId]);
});

for (const [binding, socket] of Object.entries({
  STANDING: "the platform's socket",
  OWN_SOCKET: 'one of its own',
}))
  test(`methods and desired changes are class methods, with ${socket}`, { timeout: TIMEOUT }, async () => {
    const { deviceId, service } = await world.createDevice();
    await world.call(binding, deviceId, 'send', { body: 'wake up' });
    const answer = await service.invoke('setTarget', { celsius: 19 });
    assert.deepEqual(answer, { status: 200, payload: { target: 19 } });
    await service.setDesired({ interval: 30 });
    await world.event(deviceId, 'reported', ({ type, section }) => type === 'twin' && section === 'reported');
    const twin = await service.call('GET', '/twin');
    assert.equal(twin.properties.reported.interval, 30);
  });

test('a desired change is raised once, also across evictions', { timeout: TIMEOUT }, async () => {
  const { deviceId, service } = await world.createDevice();
  await service.setDesired({ interval: 1 });
  await world.call('STANDING', deviceId, 'send', { body: 'a' });
  const reported = async (/** @type {number} */ interval) => {
    await world.event(
      deviceId,
      `reported ${interval}`,
      ({ type, section, patch }) => type === 'twin' && section === 'reported' && patch.interval === interval,
    );
    // The hub may hear of it before the object has written down that it was raised.
    await until(`record of ${interval}`, async () => {
      const seen = await world.call('STANDING', deviceId, 'seen');
      return seen.some((/** @type {any} */ change) => change.patch.interval === interval);
    });
  };
  await reported(1);
  await world.evict('STANDING', deviceId);
  await service.setDesired({ interval: 2 }); // nobody is there
  await world.call('STANDING', deviceId, 'send', { body: 'b' });
  await reported(2);
  await world.evict('STANDING', deviceId);
  await world.call('STANDING', deviceId, 'send', { body: 'c' });
  await world.event(deviceId, 'c', ({ type, body }) => type === 'telemetry' && body === 'c');
  await service.setDesired({ interval: 3 });
  await reported(3);
  const seen = await world.call('STANDING', deviceId, 'seen');
  assert.deepEqual(
    seen.map((/** @type {any} */ change) => change.patch.interval),
    [1, 2, 3],
  );
});

test('the alarm alone brings an evicted device back', { timeout: TIMEOUT }, async () => {
  const { deviceId } = await world.createDevice();
  await world.call('STANDING', deviceId, 'send', { body: 'first' });
  await world.event(deviceId, 'first', ({ body }) => body === 'first');
  const connects = () =>
    world.events.seen.filter((event) => event.deviceId === deviceId && connection('connected')(event)).length;
  const before = connects();
  await world.evict('STANDING', deviceId);
  await world.event(deviceId, 'another connect', () => connects() > before); // no request from here
});

test('a page sees the live state over a socket that hibernates', { timeout: TIMEOUT }, async () => {
  const { deviceId, service } = await world.createDevice();
  const path = `/devices/${deviceId}`;
  assert.equal((await world.fetch(path)).status, 401);
  const response = await world.fetch(path, { headers: { ...SESSION, upgrade: 'websocket' } });
  const socket = /** @type {any} */ (response).webSocket;
  /** @type {any[]} */
  const seen = [];
  const told = (/** @type {(news: any) => boolean} */ wanted) =>
    new Promise((resolve) => {
      const look = () => seen.some(wanted) && resolve(seen.find(wanted));
      socket.addEventListener('message', look);
      look();
    });
  socket.addEventListener('message', (/** @type {any} */ { data }) => seen.push(JSON.parse(data)));
  socket.accept();
  await told(({ type, state }) => type === 'status' && state === 'connected');
  await service.setDesired({ interval: 4 });
  const { patch } = await told(({ type }) => type === 'desired');
  assert.equal(patch.interval, 4);
  await service.sendMessage({ body: 'hello' });
  assert.equal((await told(({ type }) => type === 'message')).body, 'hello');
  socket.close();
});

test('windowed: it connects by alarm, takes what waits, and closes', { timeout: TIMEOUT }, async () => {
  const { deviceId, service } = await world.createDevice();
  await service.sendMessage({ body: 'waiting' });
  await world.call('WINDOWED', deviceId, 'send', { body: 'stored' });
  const event = await world.event(deviceId, 'telemetry', ({ type }) => type === 'telemetry');
  assert.equal(event.body, 'stored');
  await world.event(deviceId, 'close', connection('disconnected'));
  assert.deepEqual(await world.call('WINDOWED', deviceId, 'read'), ['waiting']);
  assert.equal((await world.call('WINDOWED', deviceId, 'status')).queued, 0);
});

test('on demand: a link while a page looks or something waits', { timeout: TIMEOUT }, async () => {
  const { deviceId } = await world.createDevice();
  await world.call('ON_DEMAND', deviceId, 'send', { body: 'one' });
  await world.event(deviceId, 'telemetry', ({ body }) => body === 'one');
  await world.event(deviceId, 'close', connection('disconnected'));
  const attach = `/test/ON_DEMAND/${deviceId}/attach`;
  const response = await world.fetch(attach, { headers: { upgrade: 'websocket' } });
  const socket = /** @type {any} */ (response).webSocket;
  const count = (/** @type {string} */ state) =>
    world.events.seen.filter((event) => event.deviceId === deviceId && connection(state)(event)).length;
  socket.accept();
  await world.event(deviceId, 'second connect', () => count('connected') === 2);
  socket.close();
  await world.event(deviceId, 'second close', () => count('disconnected') === 2);
});

test(`nothing is lost through ${EVICTIONS} evictions and cuts`, { timeout: TIMEOUT }, async () => {
  const { deviceId, service } = await world.createDevice();
  const missing = new Set();
  for (let round = 0; round < EVICTIONS; round += 1) {
    const sends = Array.from({ length: 5 }, (_, number) => {
      const messageId = `r${round}-${number}`;
      missing.add(messageId);
      return world.call('STANDING', deviceId, 'send', { body: 'x', messageId });
    });
    await Promise.all(sends); // stored, and answered for
    if (round % 10 === 5) await service.cut();
    if (round % 10 === 9) await service.restartHub();
    await world.evict('STANDING', deviceId);
  }
  const arrived = (/** @type {any} */ event) => missing.delete(event.systemProperties?.['message-id']);
  await world.event(deviceId, 'the last message', (event) => {
    if (event.type === 'telemetry') arrived(event);
    return missing.size === 0;
  });
  // What was just acknowledged may still be stored for a moment, and what arrived twice too.
  await until('empty outbox', async () => (await world.call('STANDING', deviceId, 'status')).queued === 0);
});

test('the token broker signs for one device and keeps the key', { timeout: TIMEOUT }, async () => {
  const { deviceId, key } = await world.createDevice();
  assert.equal((await world.fetch(`/devices/${deviceId}/token`)).status, 401);
  let answers = '';
  const token = async () => {
    const response = await world.fetch(`/devices/${deviceId}/token`, { headers: SESSION });
    answers += await response.clone().text();
    return /** @type {any} */ (await response.json()).token;
  };
  const { port } = new URL(world.hub.ready.http);
  const credentials = { host: 'localhost', deviceId, token, useLocalHub: true, port: Number(port) };
  const { DeviceClient, WebSocket } = await world.library();
  const device = await DeviceClient.connect(credentials, { WebSocket });
  await device.send({ body: 'by token' });
  await device.close();
  assert.ok(answers.includes('SharedAccessSignature'));
  assert.ok(!answers.includes(key));
});
