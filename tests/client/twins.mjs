/** Twins: reads, reported patches, desired changes in step with the hub, and the hub's refusals by name. */
import assert from 'node:assert/strict';
import { clientTest } from './world.mjs';

clientTest('the twin is read, and reported properties are merged', async ({ page, credentials, service }) => {
  await service.setDesired({ interval: 5 });
  const seen = await page.evaluate(async (credentials) => {
    const device = await kit.connect(credentials);
    const first = await device.updateReported({ a: 1, b: { c: 'x', d: true }, gone: 'soon' });
    const second = await device.updateReported({ b: { c: 'y' }, gone: null });
    return { first, second, twin: await device.getTwin() };
  }, credentials);
  assert.equal(seen.twin.desired.interval, 5);
  assert.equal(seen.twin.desired.$version, 2);
  const { $version, ...reported } = seen.twin.reported;
  assert.deepEqual(reported, { a: 1, b: { c: 'y', d: true } });
  assert.deepEqual([seen.first.version, seen.second.version], [$version - 1, $version]);
});

clientTest('many patches at once end in the order they were made', async ({ page, credentials, service }) => {
  const versions = await page.evaluate(async (credentials) => {
    const device = await kit.connect(credentials);
    const calls = Array.from({ length: 100 }, (_, n) =>
      device.updateReported({ last: n, [`n${n % 7}`]: n % 3 === 0 ? null : n, deep: { [`k${n % 5}`]: n } }),
    );
    return Promise.all(calls.map(async (call) => (await call).version ?? 0));
  }, credentials);
  const sorted = versions.toSorted((a, b) => a - b);
  assert.deepEqual(versions, sorted, 'a later patch never has an earlier version');
  /** @type {Record<string, unknown>} */
  const expected = { last: 99, deep: { k0: 95, k1: 96, k2: 97, k3: 98, k4: 99 } };
  for (let n = 0; n < 100; n++) expected[`n${n % 7}`] = n % 3 === 0 ? undefined : n;
  const { $metadata, $version, ...reported } = (await service.twin()).properties.reported;
  assert.deepEqual(reported, JSON.parse(JSON.stringify(expected)));
});

/** A patch, its code, a word of what is said. @type {[string, RegExp][]} */
const REFUSED = [
  ['{ $version: 3 }', /\$version/],
  ['{ "a.b": 1 }', /a\.b/],
  ['{ big: "x".repeat(4097) }', /4096|4 KB|4,096/],
  ['{ huge: Array.from({ length: 9 }, () => "x".repeat(4000)) }', /32/],
  ['[1, 2]', /object/],
];

clientTest('a patch that the hub would refuse never leaves', async ({ page, credentials, service }) => {
  const before = (await service.twin()).properties.reported.$version;
  const failures = await page.evaluate(
    async ({ credentials, patches }) => {
      const device = await kit.connect(credentials);
      const failures = [];
      for (const patch of patches) {
        const value = new Function(`return (${patch})`)();
        failures.push(await kit.failure(device.updateReported(value)));
      }
      return failures;
    },
    { credentials, patches: REFUSED.map(([patch]) => patch) },
  );
  for (const [index, [patch, said]] of REFUSED.entries()) {
    const failure = failures[index];
    assert.deepEqual([failure?.code, failure?.retryable], ['twin-bad-request', false], patch);
    assert.match(failure?.message ?? '', said);
  }
  assert.equal((await service.twin()).properties.reported.$version, before);
});

clientTest('the hub’s refusals are typed: 400, 412', async ({ page, credentials, service }) => {
  await page.evaluate(async (credentials) => {
    Object.assign(globalThis, { device: await kit.connect(credentials) });
  }, credentials);
  const answers = [];
  for (const code of [400, 412]) {
    await service.fault({ kind: 'twin-error', code, count: 2 });
    const pair = await page.evaluate(async () => {
      const { device } = /** @type {any} */ (globalThis);
      return [await kit.failure(device.getTwin()), await kit.failure(device.updateReported({ a: 1 }))];
    });
    answers.push(...pair.map(({ code, retryable }) => `${code} ${retryable}`));
  }
  assert.deepEqual(answers, [
    'twin-bad-request false',
    'twin-bad-request false',
    'twin-precondition false',
    'twin-precondition false',
  ]);
});

for (const code of [429, 500, 503]) {
  clientTest(`trap 31: a twin request that meets ${code} is asked again`, async (ground) => {
    const { page, credentials, service } = ground;
    await page.evaluate(async (credentials) => {
      Object.assign(globalThis, { device: await kit.connect(credentials) });
    }, credentials);
    await service.fault({ kind: 'twin-error', code, count: 1 });
    const version = await page.evaluate(async () => {
      const { device } = /** @type {any} */ (globalThis);
      const { version } = await kit.within('answer', device.updateReported({ tried: 'twice' }));
      return version;
    });
    const { reported } = (await service.twin()).properties;
    assert.deepEqual([reported.tried, reported.$version], ['twice', version]);
  });
}

clientTest('desired changes come once, in order, also those made while the link was away', async (ground) => {
  const { page, credentials, service } = ground;
  await service.setDesired({ a: 1, nested: { x: 1, y: 1 }, gone: true });
  await page.evaluate(async (credentials) => {
    const device = await kit.connect(credentials, {
      backoff: { base: 10 },
      throttled: { base: 10, cap: 50 },
    });
    const desired = kit.desired(device);
    await desired.until(2);
    Object.assign(globalThis, { device, desired });
  }, credentials);
  const until = (/** @type {number} */ version) =>
    page.evaluate((version) => /** @type {any} */ (globalThis).desired.until(version), version);
  await service.setDesired({ a: 2 });
  await until(3);
  // Nobody gets in while the fault stands: the changes below happen without the device.
  await service.fault({ kind: 'refuse', code: 3 });
  await page.evaluate(() => {
    const { device } = /** @type {any} */ (globalThis);
    Object.assign(globalThis, {
      away: kit.next(device, 'status', (event) => event.state === 'reconnecting'),
    });
  });
  await service.cut();
  await page.evaluate(() => /** @type {any} */ (globalThis).away);
  await service.setDesired({ a: 3, nested: { y: 2 } });
  await service.setDesired({ a: 2, gone: null });
  await service.healed();
  await until(5);
  await service.setDesired({ late: 1 });
  await until(6);
  const seen = await page.evaluate(() => /** @type {any} */ (globalThis).desired.seen);
  assert.deepEqual(seen, [
    { patch: { a: 1, nested: { x: 1, y: 1 }, gone: true }, version: 2 },
    { patch: { a: 2 }, version: 3 },
    { patch: { nested: { y: 2 }, gone: null }, version: 5 },
    { patch: { late: 1 }, version: 6 },
  ]);
});

clientTest(
  'every listener of desired begins with all there is, {} too, and costs no read',
  async (ground) => {
    const { page, credentials, service } = ground;
    const [empty, late] = await page.evaluate(async (credentials) => {
      /** @type {any[][]} */
      const seen = [[], [], []];
      const listener =
        (/** @type {number} */ n) =>
        (/** @type {any} */ { patch, version, complete }) =>
          void seen[n]?.push([patch, version, complete]);
      const first = kit.deferred();
      const device = await kit.connect(credentials, {
        prepare: (device) => {
          device.addEventListener('desired', listener(0));
          device.addEventListener('desired', () => first.resolve(), { once: true });
        },
      });
      await kit.within('first event', first.promise);
      const empty = structuredClone(seen[0]);
      const once = kit.deferred();
      device.addEventListener('desired', listener(1));
      device.addEventListener('desired', (/** @type {any} */ { patch }) => once.resolve(patch), {
        once: true,
      });
      const patch = await kit.within('late event', once.promise);
      Object.assign(globalThis, { device, seen, listener });
      return [empty, [patch, structuredClone(seen[1])]];
    }, credentials);
    assert.deepEqual(empty, [[{}, 1, true]]);
    assert.deepEqual(late, [{}, [[{}, 1, true]]]);
    await service.setDesired({ a: 1, b: { c: 2 } });
    const seen = await page.evaluate(async () => {
      const { device, seen, listener } = /** @type {any} */ (globalThis);
      await kit.next(device, 'desired', (/** @type {any} */ { version }) => version === 2);
      device.addEventListener('desired', listener(2));
      await kit.next(device, 'desired', (/** @type {any} */ { complete }) => complete);
      return seen;
    });
    const change = [{ a: 1, b: { c: 2 } }, 2, false];
    assert.deepEqual(seen, [[[{}, 1, true], change], [[{}, 1, true], change], [[change[0], 2, true]]]);
  },
);
