/** Cloud-to-device messages: read whole, acknowledged when handled, in order, and never lost. */
import assert from 'node:assert/strict';
import { clientTest } from './world.mjs';

/** @param {string} state @param {string} messageId */
const moved = (state, messageId) => (/** @type {any} */ e) =>
  e.type === 'c2d' && e.state === state && e.messageId === messageId;

clientTest('a message has its body and all its properties', async ({ page, credentials, service }) => {
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
  await page.evaluate(async (credentials) => {
    const device = await kit.connect(credentials);
    const got = kit.next(device, 'message');
    Object.assign(globalThis, { got });
  }, credentials);
  await service.sendMessage({
    body: '{"led":"ön"}',
    messageId: 'm-1',
    correlationId: 'c 1',
    userId: 'someone',
    contentType: 'application/json',
    contentEncoding: 'utf-8',
    expiryTimeUtc: tomorrow,
    ack: 'full',
    properties: { level: 'a b&c=d/+#ä', empty: '', none: null, plus: 'a+b' },
  });
  const message = await page.evaluate(async () => {
    const { message } = await /** @type {any} */ (globalThis).got;
    const { body, ...rest } = message;
    return { ...rest, bytes: [...body], text: message.text(), json: message.json() };
  });
  assert.deepEqual(message.json, { led: 'ön' });
  assert.equal(message.text, '{"led":"ön"}');
  assert.deepEqual(message.bytes, [...Buffer.from('{"led":"ön"}')]);
  assert.deepEqual(
    [message.messageId, message.correlationId, message.userId, message.contentType, message.contentEncoding],
    ['m-1', 'c 1', 'someone', 'application/json', 'utf-8'],
  );
  assert.equal(Date.parse(message.expiryTime), Date.parse(tomorrow));
  assert.match(message.to.toLowerCase(), /^\/devices\/.*\/messages\/devicebound$/);
  assert.equal(message.ack, 'full');
  assert.equal(message.redelivered, false);
  assert.deepEqual(message.properties, { level: 'a b&c=d/+#ä', empty: '', none: null, plus: 'a+b' });
});

clientTest('messages are acknowledged in the order received, each after its handler', async (ground) => {
  const { page, credentials, service, events } = ground;
  await page.evaluate(async (credentials) => {
    const device = await kit.connect(credentials);
    /** @type {any[]} */
    const handlers = [];
    const three = kit.deferred();
    device.addEventListener('message', (event) => {
      const handler = kit.deferred();
      handlers.push(handler);
      event.waitUntil(handler.promise);
      if (handlers.length === 3) three.resolve();
    });
    Object.assign(globalThis, { handlers, three: three.promise });
  }, credentials);
  for (const messageId of ['one', 'two', 'three']) await service.sendMessage({ body: messageId, messageId });
  await page.evaluate(() => kit.within('three messages', /** @type {any} */ (globalThis).three));
  await page.evaluate(() => /** @type {any} */ (globalThis).handlers[2].resolve());
  await page.evaluate(() => /** @type {any} */ (globalThis).handlers[1].resolve());
  assert.ok(!events.seen.some((e) => e.state === 'completed'), 'acknowledged before the first was handled');
  await page.evaluate(() => /** @type {any} */ (globalThis).handlers[0].resolve());
  await events.next('three completed', moved('completed', 'three'));
  const order = events.seen.filter((e) => e.state === 'completed').map((e) => e.messageId);
  assert.deepEqual(order, ['one', 'two', 'three']);
});

clientTest('a handler that fails gets its message again on the next link', async (ground) => {
  const { page, credentials, service, events } = ground;
  await page.evaluate(async (credentials) => {
    const device = await kit.connect(credentials, { backoff: { base: 10 } });
    /** @type {any[]} */
    const got = [];
    const failed = kit.next(device, 'handlererror');
    const again = kit.deferred();
    device.addEventListener('message', (event) => {
      const { redelivered } = event.message;
      got.push({ text: event.message.text(), redelivered });
      if (got.length === 1) event.waitUntil(Promise.reject(new Error('not today')));
      else again.resolve();
    });
    Object.assign(globalThis, { got, failed, again: again.promise });
  }, credentials);
  await service.sendMessage({ body: 'work', messageId: 'work' });
  const error = await page.evaluate(async () => {
    const { error, during } = await /** @type {any} */ (globalThis).failed;
    return [String(error), during];
  });
  assert.deepEqual(error, ['Error: not today', 'message']);
  assert.ok(!events.seen.some(moved('completed', 'work')));
  await service.cut();
  const got = await page.evaluate(async () => {
    const { again, got } = /** @type {any} */ (globalThis);
    await kit.within('message again', again);
    return got;
  });
  assert.deepEqual(got, [
    { text: 'work', redelivered: false },
    { text: 'work', redelivered: true },
  ]);
  await events.next('completed', moved('completed', 'work'));
});

clientTest('a message whose listener closes is acknowledged before the goodbye', async (ground) => {
  const { page, credentials, service, events, deviceId } = ground;
  const ends = (/** @type {any} */ e) => e.deviceId === deviceId && e.state === 'disconnected';
  const ended = () => events.seen.filter(ends).map(({ reason }) => reason);
  let goodbyes = 0;
  for (const [messageId, drain] of /** @type {[string, number][]} */ ([
    ['and-goes', 5_000],
    ['and-goes-at-once', 0],
    ['and-waits-for-it', 200],
  ])) {
    const got = page.evaluate(
      async ([credentials, drain, waits]) => {
        const device = await kit.connect(credentials);
        const closed = kit.deferred();
        device.addEventListener('message', ({ message }) => {
          const closing = device.close({ drain });
          closing.then(() => closed.resolve([message.text(), message.redelivered, device.state]));
          return waits ? closing : undefined;
        });
        return kit.within('close', closed.promise);
      },
      /** @type {[any, number, boolean]} */ ([credentials, drain, drain === 200]),
    );
    await service.sendMessage({ body: messageId, messageId });
    assert.deepEqual(await got, [messageId, false, 'closed']);
    await events.next('completed', moved('completed', messageId));
    goodbyes += 1;
    await events.next('goodbye', () => ended().length === goodbyes);
  }
  assert.ok(ended().every((reason) => reason === 'client-disconnected'));
});

clientTest('trap 1: what was queued comes right after CONNACK and waits for a listener', async (ground) => {
  const { page, credentials, service, events } = ground;
  await page.evaluate(async (credentials) => {
    const device = await kit.connect(credentials);
    device.addEventListener('message', () => {});
    await device.send({ body: 'the subscription is in the session now' });
    await device.close();
  }, credentials);
  for (const messageId of ['a', 'b']) await service.sendMessage({ body: messageId, messageId });
  const got = await page.evaluate(async (credentials) => {
    const device = await kit.connect(credentials);
    await device.getTwin(); // a whole round trip later somebody listens
    /** @type {string[]} */
    const got = [];
    const both = kit.deferred();
    device.addEventListener('message', (event) => {
      got.push(event.message.text());
      if (got.length === 2) both.resolve();
    });
    await kit.within('two messages', both.promise);
    return got;
  }, credentials);
  assert.deepEqual(got, ['a', 'b']);
  await events.next('completed', moved('completed', 'b'));
});

clientTest('waitUntil is for the time of the event', async ({ page, credentials, service }) => {
  await page.evaluate(async (credentials) => {
    const device = await kit.connect(credentials);
    const got = kit.next(device, 'message');
    Object.assign(globalThis, { got });
  }, credentials);
  await service.sendMessage({ body: 'late' });
  const name = await page.evaluate(async () => {
    const event = await /** @type {any} */ (globalThis).got;
    await new Promise((resolve) => requestAnimationFrame(resolve));
    try {
      event.waitUntil(Promise.resolve());
      return 'taken';
    } catch (error) {
      return /** @type {Error} */ (error).name;
    }
  });
  assert.equal(name, 'InvalidStateError');
});
