/** The end of a device: close that drains or cuts, `await using`, sendOnce, and the silence afterwards. */
import assert from 'node:assert/strict';
import { clientTest } from './world.mjs';

clientTest('close sends what is open, says goodbye, and ends every later call', async (ground) => {
  const { page, credentials, telemetry, events, deviceId } = ground;
  const seen = await page.evaluate(async (credentials) => {
    const device = await kit.connect(credentials);
    const statuses = kit.statuses(device);
    const sends = Array.from({ length: 50 }, (_, n) => device.send({ body: `${n}`, messageId: `d${n}` }));
    const patch = device.updateReported({ last: 'words' });
    await device.close();
    await Promise.all([...sends, patch]);
    const later = [
      await kit.failure(device.send({ body: 'x' })),
      await kit.failure(device.getTwin()),
      await kit.failure(device.updateReported({})),
    ];
    await device.close(); // once more is no error
    return { statuses, later: later.map(({ code }) => code), state: device.state, metrics: device.metrics };
  }, credentials);
  assert.deepEqual(seen.statuses, ['closed closed']);
  assert.deepEqual(seen.later, ['closed', 'closed', 'closed']);
  assert.equal(seen.state, 'closed');
  await telemetry('d49');
  const left = await events.next('goodbye', (e) => e.deviceId === deviceId && e.state === 'disconnected');
  assert.equal(left.reason, 'client-disconnected');
});

clientTest('of two closes none ends before what is open', async ({ page, credentials, service }) => {
  await service.fault({ kind: 'delay', ms: 500 });
  const ends = await page.evaluate(async (credentials) => {
    const device = await kit.connect(credentials);
    /** @type {string[]} */
    const seen = [];
    const note = (/** @type {string} */ what) => () => seen.push(what);
    const calls = [
      device.send({ body: 'late' }).then(note('sent')),
      device.close().then(note('closed')),
      device.close().then(note('closed')),
    ];
    await kit.within('both closes', Promise.all(calls));
    return seen;
  }, credentials);
  assert.deepEqual(ends, ['sent', 'closed', 'closed']);
});

clientTest(
  'close with drain 0 cuts: what is open rejects at once',
  async ({ page, credentials, service }) => {
    await page.evaluate(async (credentials) => {
      Object.assign(globalThis, { device: await kit.connect(credentials) });
    }, credentials);
    await service.fault({ kind: 'half-open' });
    const seen = await page.evaluate(async () => {
      const { device } = /** @type {any} */ (globalThis);
      const calls = [device.send({ body: 'x' }), device.getTwin()].map((call) => kit.failure(call));
      await kit.within('close', device.close({ drain: 0 }), 4_000); // less than an ordinary drain
      return (await Promise.all(calls)).map(({ code }) => code);
    });
    assert.deepEqual(seen, ['closed', 'closed']);
  },
);

clientTest('what listeners ask while the device closes does no harm', async ({ page, credentials }) => {
  const faults = await page.evaluate(async (credentials) => {
    /** @type {string[]} */
    const seen = [];
    addEventListener('error', ({ message }) => seen.push(message));
    // A few steps into the end, one of which falls between the answer to `close` and its resolving.
    for (const steps of [0, 1, 2, 3, 4]) {
      const device = await kit.connect(credentials);
      device.addEventListener('status', async ({ state }) => {
        for (let step = 0; step < steps; step += 1) await undefined;
        if (state === 'closed') device.addEventListener('packet', () => {});
      });
      await device.close();
      await new Promise((resolve) => setTimeout(resolve));
    }
    return seen;
  }, credentials);
  assert.deepEqual(faults, []);
});

clientTest('close waits no longer than it is told', async ({ page, credentials, service }) => {
  await page.evaluate(async (credentials) => {
    Object.assign(globalThis, { device: await kit.connect(credentials) });
  }, credentials);
  await service.fault({ kind: 'half-open' });
  const seen = await page.evaluate(async () => {
    const { device } = /** @type {any} */ (globalThis);
    const call = kit.failure(device.send({ body: 'x' }));
    const started = performance.now();
    // Less than an ordinary drain. Timers go off in their order, also where the machine is busy.
    await kit.within('close', device.close({ drain: 300 }), 4_000);
    return { took: performance.now() - started, code: (await call).code };
  });
  assert.equal(seen.code, 'closed');
  assert.ok(seen.took >= 295, `${seen.took} ms`);
});

clientTest('await using closes', async ({ page, credentials, events, deviceId }) => {
  const state = await page.evaluate(async (credentials) => {
    const device = await kit.connect(credentials);
    // The symbol is what `await using` calls; this Chromium may be older than the syntax.
    await /** @type {any} */ (device)[Symbol.asyncDispose ?? Symbol.for('Symbol.asyncDispose')]();
    return device.state;
  }, credentials);
  assert.equal(state, 'closed');
  const left = await events.next('goodbye', (e) => e.deviceId === deviceId && e.state === 'disconnected');
  assert.equal(left.reason, 'client-disconnected');
});

clientTest('sendOnce connects, sends, waits for every PUBACK and leaves', async (ground) => {
  const { page, credentials, telemetry, events, deviceId } = ground;
  await page.evaluate(async (credentials) => {
    const messages = new Set([1, 2, 3].map((n) => ({ body: { n }, messageId: `once-${n}` })));
    await iothub.DeviceClient.sendOnce(credentials, messages, { timeout: 10_000 });
  }, credentials);
  for (const n of [1, 2, 3]) assert.deepEqual(JSON.parse((await telemetry(`once-${n}`)).body), { n });
  const left = await events.next('goodbye', (e) => e.deviceId === deviceId && e.state === 'disconnected');
  assert.equal(left.reason, 'client-disconnected');
});

clientTest('sendOnce that fails says why and leaves nothing behind', async (ground) => {
  const { page, credentials, events, deviceId } = ground;
  const codes = await page.evaluate(async (credentials) => {
    const { DeviceClient } = iothub;
    const bad = DeviceClient.sendOnce(credentials, [{ body: 'x', messageId: 'm'.repeat(200) }]);
    const control = new AbortController();
    control.abort();
    const aborted = DeviceClient.sendOnce(credentials, [{ body: 'x' }], { signal: control.signal });
    return [(await kit.failure(bad)).code, (await kit.failure(aborted)).code];
  }, credentials);
  assert.deepEqual(codes, ['argument', 'aborted']);
  await events.next('goodbye', (e) => e.deviceId === deviceId && e.state === 'disconnected');
  assert.equal(events.seen.filter((e) => e.deviceId === deviceId && e.type === 'telemetry').length, 0);
});
