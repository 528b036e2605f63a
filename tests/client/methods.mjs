/** Direct methods: every form of handler, payload and answer, and what happens when the caller goes. */
import assert from 'node:assert/strict';
import { clientTest } from './world.mjs';

clientTest('named handlers, a catch-all, and none', async ({ page, credentials, service }) => {
  await page.evaluate(async (credentials) => {
    const device = await kit.connect(credentials);
    device.onMethod('double', ({ payload }) => ({ status: 201, payload: { n: payload.n * 2 } }));
    device.onMethod('plain', async ({ payload }) => [payload]);
    device.onMethod('nothing', () => undefined);
    device.onMethod('negative', () => ({ status: -3 }));
    Object.assign(globalThis, { device });
    await device.getTwin();
  }, credentials);
  const answer = async (/** @type {string} */ name, /** @type {unknown} */ payload) => {
    const { status, body, text } = await service.invoke(name, payload);
    assert.equal(status, 200, text);
    return [body.status, body.payload];
  };
  assert.deepEqual(await answer('double', { n: 21 }), [201, { n: 42 }]);
  assert.deepEqual(await answer('plain', 'ä'), [200, ['ä']]);
  assert.deepEqual(await answer('nothing', 1), [200, null]);
  assert.deepEqual(await answer('negative', 1), [-3, null]);
  const [status, none] = await answer('unknown', {});
  assert.equal(status, 501);
  assert.match(JSON.stringify(none), /no handler for the method \\"unknown\\"/);
  await page.evaluate(() => {
    const { device } = /** @type {any} */ (globalThis);
    const off = device.onMethod('*', (/** @type {any} */ { name, payload }) => ({
      status: 202,
      payload: { name, payload },
    }));
    Object.assign(globalThis, { off });
  });
  assert.deepEqual(await answer('unknown', { a: 1 }), [202, { name: 'unknown', payload: { a: 1 } }]);
  assert.deepEqual(
    await answer('double', { n: 1 }),
    [201, { n: 2 }],
    'a named handler goes before the catch-all',
  );
  await page.evaluate(() => /** @type {any} */ (globalThis).off());
  assert.equal((await answer('unknown', {}))[0], 501);
});

clientTest('trap 10: no payload, null, and every JSON value', async ({ page, credentials, service }) => {
  await page.evaluate(async (credentials) => {
    const device = await kit.connect(credentials);
    device.onMethod('echo', ({ payload, text }) => ({
      status: 200,
      payload: { is: typeof payload, payload, text },
    }));
    await device.getTwin();
  }, credentials);
  const echo = async (/** @type {unknown} */ payload) => (await service.invoke('echo', payload)).body.payload;
  assert.deepEqual(await echo(undefined), { is: 'undefined', text: '' });
  assert.deepEqual(await echo(null), { is: 'object', payload: null, text: 'null' });
  for (const value of [0, false, '', 'text', [1], { a: {} }])
    assert.deepEqual((await echo(value)).payload, value);
});

clientTest('trap 9: what a handler throws or can not say becomes JSON all the same', async (ground) => {
  const { page, credentials, service } = ground;
  await page.evaluate(async (credentials) => {
    const device = await kit.connect(credentials);
    /** @type {string[]} */
    const told = [];
    device.addEventListener('handlererror', ({ error, during }) => told.push(`${during}: ${error}`));
    device.onMethod('throws', () => {
      throw new Error('sensor "A" gone');
    });
    device.onMethod('rejects', () => Promise.reject(Object.assign(new Error('busy'), { status: 503 })));
    device.onMethod('circular', () => {
      /** @type {any} */
      const value = {};
      value.self = value;
      return value;
    });
    device.onMethod('status', () => ({ status: 'ok' }));
    device.onMethod('large', () => 'x'.repeat(128 * 1024));
    device.onMethod('text', () => 'plain text, "quoted"');
    await device.getTwin();
    Object.assign(globalThis, { told });
  }, credentials);
  const answer = async (/** @type {string} */ name) => {
    const { status, body, text } = await service.invoke(name, {});
    assert.equal(status, 200, text);
    assert.ok(body, `the answer of ${name} is no JSON: ${text}`);
    return [body.status, body.payload];
  };
  assert.deepEqual(await answer('throws'), [500, { error: 'sensor "A" gone' }]);
  assert.deepEqual(await answer('rejects'), [503, { error: 'busy' }]);
  const [circular, why] = await answer('circular');
  assert.equal(circular, 500);
  assert.match(why.error, /can not be written as JSON/);
  assert.equal((await answer('status'))[0], 500);
  assert.deepEqual(await answer('large'), [500, { error: 'the answer exceeds 128 KB' }]);
  assert.deepEqual(await answer('text'), [200, 'plain text, "quoted"']);
  const told = await page.evaluate(() => /** @type {any} */ (globalThis).told);
  assert.deepEqual(
    told.map((/** @type {string} */ text) => text.split(':')[0]),
    ['method', 'method', 'method', 'method', 'method'],
  );
});

clientTest(
  'the signal of a method aborts when the link is lost, and a late answer goes nowhere',
  async (ground) => {
    const { page, credentials, service, events } = ground;
    await page.evaluate(async (credentials) => {
      const device = await kit.connect(credentials, { backoff: { base: 10 } });
      const called = kit.deferred();
      const answer = kit.deferred();
      device.onMethod('slow', ({ signal }) => {
        called.resolve(signal);
        return answer.promise;
      });
      device.onMethod('quick', () => 'still here');
      await device.getTwin();
      Object.assign(globalThis, { device, called: called.promise, answer });
    }, credentials);
    const slow = service.invoke('slow', {}, { responseTimeoutInSeconds: 5 });
    await page.evaluate(async () => {
      const signal = await /** @type {any} */ (globalThis).called;
      const { device } = /** @type {any} */ (globalThis);
      const aborted = signal.aborted ? Promise.resolve() : kit.next(signal, 'abort');
      Object.assign(globalThis, { signal, aborted, again: kit.reason(device, 'reconnected') });
    });
    await service.cut();
    const said = await page.evaluate(async () => {
      const { signal, aborted, again, answer } = /** @type {any} */ (globalThis);
      await aborted;
      await again;
      answer.resolve({ status: 200, payload: 'too late' });
      return [signal.reason.name, signal.reason.code];
    });
    assert.deepEqual(said, ['IotHubError', 'network']);
    assert.notEqual((await slow).status, 200);
    assert.deepEqual(
      (await service.invoke('quick', {}, { connectTimeoutInSeconds: 5 })).body.payload,
      'still here',
    );
    assert.ok(!events.seen.some((e) => e.type === 'method' && e.state === 'answered' && e.name === 'slow'));
  },
);

clientTest('a name has one handler, and a handler is a function', async ({ page, credentials }) => {
  const codes = await page.evaluate(async (credentials) => {
    const device = await kit.connect(credentials);
    device.onMethod('a', () => 1);
    const twice = await kit.failure((async () => device.onMethod('a', () => 2))());
    const none = await kit.failure((async () => device.onMethod('b', /** @type {any} */ (undefined)))());
    return [twice.code, none.code];
  }, credentials);
  assert.deepEqual(codes, ['argument', 'argument']);
});

clientTest(
  'a method whose handler closes is answered, and so is one that a close finds at work',
  async (ground) => {
    const { page, credentials, service } = ground;
    for (const patient of [false, true]) {
      await page.evaluate(
        async ([credentials, patient]) => {
          const device = await kit.connect(credentials);
          device.onMethod('stop', async () => {
            const closed = device.close();
            if (patient) await new Promise((resolve) => setTimeout(resolve, 500));
            void closed;
            return { bye: true };
          });
          await device.getTwin();
        },
        /** @type {[any, boolean]} */ ([credentials, patient]),
      );
      const { status, body, text } = await service.invoke('stop', null);
      assert.equal(status, 200, text);
      assert.deepEqual(body, { status: 200, payload: { bye: true } });
    }
  },
);

clientTest(
  'methods of prepare are found when connect resolves, later ones behind subscribed()',
  async (ground) => {
    const { page, credentials, service } = ground;
    await page.evaluate(async (credentials) => {
      const device = await kit.connect(credentials, {
        prepare: (device) => void device.onMethod('early', () => 'here'),
      });
      Object.assign(globalThis, { device });
    }, credentials);
    assert.deepEqual((await service.invoke('early', null)).body, { status: 200, payload: 'here' });
    await page.evaluate(() => /** @type {any} */ (globalThis).device.close());
    await page.evaluate(async (credentials) => {
      const device = await kit.connect(credentials, { cleanSession: true });
      device.onMethod('late', () => 'there');
      await device.subscribed();
      await device.subscribed({ timeout: 1 });
    }, credentials);
    assert.deepEqual((await service.invoke('late', null)).body, { status: 200, payload: 'there' });
  },
);
