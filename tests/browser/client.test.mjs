/**
 * The built package in a real Chromium against a real hub: the calls of the JavaScript API, seen from
 * both ends. What the client says is checked against what the hub saw.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { BrowserWorld } from '../browser-world.mjs';
import { sendC2d } from '../local-api.mjs';

/** @type {BrowserWorld} */
let world;

before(async () => {
  world = await BrowserWorld.open();
});

after(() => world?.close());

test('send resolves when the hub has the message, with all its properties', {
  timeout: 300_000,
}, async () => {
  const { deviceId, connectionString } = await world.createDevice();
  const events = await world.openEvents();
  const { context, page, complaints } = await world.openPage();
  await page.evaluate(async (credentials) => {
    const device = await iothub.DeviceClient.connect(credentials);
    await device.send({
      body: { temperature: 21.5 },
      messageId: 'm 1',
      correlationId: 'c+1',
      properties: { level: 'storage', 'sp ace/+#': 'a b&c=d ä', empty: '' },
    });
    await device.close();
  }, connectionString);
  const event = await events.next('telemetry', (e) => e.type === 'telemetry' && e.deviceId === deviceId);
  assert.deepEqual(JSON.parse(event.body), { temperature: 21.5 });
  assert.deepEqual(event.properties, { level: 'storage', 'sp ace/+#': 'a b&c=d ä', empty: '' });
  assert.equal(event.systemProperties['message-id'], 'm 1');
  assert.equal(event.systemProperties['correlation-id'], 'c+1');
  assert.equal(event.systemProperties['content-type'], 'application/json');
  assert.equal(event.qos, 1);
  const left = await events.next('end of the link', (e) => isConnection(e, deviceId, 'disconnected'));
  assert.equal(left.reason, 'client-disconnected');
  assert.deepEqual(complaints, []);
  await events.close();
  await context.close();
});

test('bodies are sent as given: text, bytes, QoS 0', { timeout: 300_000 }, async () => {
  const { deviceId, connectionString } = await world.createDevice();
  const events = await world.openEvents();
  const { context, page } = await world.openPage();
  await page.evaluate(async (credentials) => {
    const device = await iothub.DeviceClient.connect(credentials);
    await device.send({ body: 'text ä', messageId: 'text' });
    await device.send({ body: new Uint8Array([0, 255, 1]), messageId: 'bytes' });
    await device.send({ body: 'fast', messageId: 'qos-0' }, { qos: 0 });
    await device.send({ body: 'last', messageId: 'last' });
    await device.close();
  }, connectionString);
  const named = (/** @type {string} */ id) =>
    events.next(
      id,
      (e) => e.type === 'telemetry' && e.deviceId === deviceId && e.systemProperties['message-id'] === id,
    );
  assert.equal((await named('text')).body, 'text ä');
  assert.equal((await named('bytes')).bodyBase64, Buffer.from([0, 255, 1]).toString('base64'));
  assert.equal((await named('qos-0')).qos, 0);
  await named('last');
  await events.close();
  await context.close();
});

test('a message is acknowledged when the handler has settled, not before', { timeout: 300_000 }, async () => {
  const { deviceId, connectionString } = await world.createDevice();
  const events = await world.openEvents();
  const { context, page } = await world.openPage();
  await page.evaluate(async (credentials) => {
    const device = await iothub.DeviceClient.connect(credentials);
    const received = new Promise((resolve) => {
      device.addEventListener('message', (event) => {
        const { message } = event;
        event.waitUntil(new Promise((settle) => Object.assign(globalThis, { settle })));
        resolve({
          text: message.text(),
          json: message.json(),
          level: message.properties.level,
          messageId: message.messageId,
        });
      });
    });
    Object.assign(globalThis, { received });
  }, connectionString);
  const body = '{"led":"on"}';
  await sendC2d(world.hub.ready.http, deviceId, {
    body,
    messageId: 'c2d-1',
    properties: { level: 'a b&c=d/+#ä' },
  });
  const got = await page.evaluate('received');
  assert.deepEqual(got, { text: body, json: { led: 'on' }, level: 'a b&c=d/+#ä', messageId: 'c2d-1' });
  const completed = (/** @type {import('../local-api.mjs').LocalEvent} */ e) =>
    e.type === 'c2d' && e.deviceId === deviceId && e.state === 'completed';
  assert.ok(!events.seen.some(completed), 'acknowledged before the handler had settled');
  await page.evaluate('settle()');
  await events.next('completed message', completed);
  await events.close();
  await context.close();
});

test('status tells how the link came and went', { timeout: 300_000 }, async () => {
  const { connectionString } = await world.createDevice();
  const { context, page } = await world.openPage();
  const states = await page.evaluate(async (credentials) => {
    const device = await iothub.DeviceClient.connect(credentials);
    /** @type {string[]} */
    const seen = [];
    device.addEventListener('status', (event) => seen.push(event.state));
    await device.close();
    return seen;
  }, connectionString);
  assert.equal(states.at(-1), 'closed');
  await context.close();
});

test('many sends of one turn leave in few frames', { timeout: 300_000 }, async () => {
  const { connectionString } = await world.createDevice();
  const { context, page } = await world.openPage();
  let frames = 0;
  page.on('websocket', (socket) => socket.on('framesent', () => frames++));
  await page.evaluate(async (credentials) => {
    const device = await iothub.DeviceClient.connect(credentials);
    await Promise.all(Array.from({ length: 500 }, (_, n) => device.send({ body: `message ${n}` })));
    await device.close();
  }, connectionString);
  assert.ok(frames < 60, `${frames} frames for 500 messages`);
  await context.close();
});

test('bad input rejects before anything is sent', { timeout: 300_000 }, async () => {
  const { connectionString } = await world.createDevice();
  const { context, page } = await world.openPage();
  const results = await page.evaluate(async (credentials) => {
    const device = await iothub.DeviceClient.connect(credentials);
    /** @type {Record<string, any>} */
    const calls = {
      big: () => device.send({ body: new Uint8Array(256 * 1024 + 1) }),
      topic: () => device.send({ body: 'x', properties: { long: 'ä'.repeat(20_000) } }),
      qos: () => device.send({ body: 'x' }, { qos: /** @type {any} */ (2) }),
    };
    /** @type {Record<string, any>} */
    const seen = {};
    for (const [name, call] of Object.entries(calls)) {
      seen[name] = await call().then(
        () => 'resolved',
        (/** @type {any} */ error) => ({
          name: error.name,
          code: error.code,
          said: error.message.length > 20,
        }),
      );
    }
    await device.send({ body: 'still connected' });
    await device.close();
    return seen;
  }, connectionString);
  for (const [name, error] of Object.entries(results)) {
    assert.equal(error.name, 'IotHubError', `${name}: ${JSON.stringify(error)}`);
    assert.match(error.code, /^[a-z0-9-]+$/);
    assert.ok(error.said, `${name} has a sentence`);
  }
  await context.close();
});

/**
 * @param {import('../local-api.mjs').LocalEvent} event
 * @param {string} deviceId
 * @param {string} state
 */
function isConnection(event, deviceId, state) {
  return event.type === 'connection' && event.deviceId === deviceId && event.state === state;
}
