/** Every call has a signal and a time-out, and settles with one or the other when the hub is silent. */
import assert from 'node:assert/strict';
import { clientTest } from './world.mjs';

clientTest(
  'signal and time-out end each call, with the reason as cause',
  async ({ page, credentials, service }) => {
    await page.evaluate(async (credentials) => {
      Object.assign(globalThis, { device: await kit.connect(credentials) });
    }, credentials);
    await service.fault({ kind: 'half-open' });
    const outcomes = await page.evaluate(async () => {
      const { device } = /** @type {any} */ (globalThis);
      /** @type {Record<string, (options: any) => Promise<unknown>>} */
      const calls = {
        send: (options) => device.send({ body: 'x' }, options),
        getTwin: (options) => device.getTwin(options),
        updateReported: (options) => device.updateReported({ a: 1 }, options),
      };
      /** @type {Record<string, any>} */
      const outcomes = {};
      for (const [name, call] of Object.entries(calls)) {
        const control = new AbortController();
        const aborted = kit.failure(call({ signal: control.signal }));
        control.abort(new Error('the user left'));
        const before = await kit.failure(call({ signal: control.signal }));
        const late = await kit.failure(call({ timeout: 20 }));
        outcomes[name] = [await aborted, before, late].map(({ code, retryable, cause }) => [
          code,
          retryable,
          cause,
        ]);
      }
      return { outcomes, inFlight: device.metrics.inFlight };
    });
    for (const [name, outcome] of Object.entries(outcomes.outcomes)) {
      assert.deepEqual(
        outcome,
        [
          ['aborted', false, 'Error: the user left'],
          ['aborted', false, 'Error: the user left'],
          ['timeout', true, undefined],
        ],
        name,
      );
    }
  },
);

clientTest('a call that was given up while it waited for the link never leaves', async (ground) => {
  const { page, credentials, service, telemetry, events } = ground;
  await page.evaluate(async (credentials) => {
    const options = { backoff: { base: 10 }, throttled: { base: 10, cap: 50 } };
    const device = await kit.connect(credentials, options);
    const away = kit.next(device, 'status', (event) => event.state === 'reconnecting');
    Object.assign(globalThis, { device, away });
  }, credentials);
  await service.fault({ kind: 'refuse', code: 3 });
  await service.cut();
  const codes = await page.evaluate(async () => {
    const { device, away } = /** @type {any} */ (globalThis);
    await away;
    const control = new AbortController();
    const aborted = device.send({ body: 'x', messageId: 'aborted' }, { signal: control.signal });
    const late = device.send({ body: 'x', messageId: 'late' }, { timeout: 20 });
    const kept = device.send({ body: 'x', messageId: 'kept' });
    control.abort();
    const codes = [(await kit.failure(aborted)).code, (await kit.failure(late)).code, device.metrics.queued];
    Object.assign(globalThis, { kept });
    return codes;
  });
  assert.deepEqual(codes, ['aborted', 'timeout', 1]);
  await service.healed();
  await page.evaluate(() => kit.within('PUBACK', /** @type {any} */ (globalThis).kept));
  await telemetry('kept');
  const ids = events.seen.filter((e) => e.type === 'telemetry').map((e) => e.systemProperties['message-id']);
  assert.deepEqual(ids, ['kept']);
});

clientTest('connecting is aborted, or ends in time with the cause it met', async (ground) => {
  const { page, credentials, service, address, key } = ground;
  const unreachable = { ...address, key, port: 1 };
  const early = await page.evaluate(
    async ({ credentials, unreachable }) => {
      const gone = new AbortController();
      gone.abort();
      const control = new AbortController();
      const aborted = kit.failure(iothub.DeviceClient.connect(unreachable, { signal: control.signal }));
      setTimeout(() => control.abort(), 20);
      return [
        await kit.failure(iothub.DeviceClient.connect(credentials, { signal: gone.signal })),
        await aborted,
        await kit.failure(iothub.DeviceClient.connect(unreachable, { connectTimeout: 5_000 })),
      ].map(({ code, retryable }) => `${code} ${retryable}`);
    },
    { credentials, unreachable },
  );
  assert.deepEqual(early, ['aborted false', 'aborted false', 'network true']);
  await service.fault({ kind: 'refuse', code: 3 });
  const busy = await page.evaluate(
    (credentials) => kit.failure(iothub.DeviceClient.connect(credentials, { connectTimeout: 5_000 })),
    credentials,
  );
  assert.deepEqual([busy.code, busy.retryable], ['hub-unavailable', true]);
});

clientTest('trap 22: a CONNACK that takes its time is waited for', async ({ page, credentials, service }) => {
  await service.fault({ kind: 'delay', ms: 1500, count: 1 });
  const took = await page.evaluate(async (credentials) => {
    const started = performance.now();
    await kit.connect(credentials);
    return performance.now() - started;
  }, credentials);
  assert.ok(took > 1000, `${took} ms: the hub was not slow, so nothing was shown`);
});
