/** How a link behaves: lost and found again, half-open, taken over, coalesced, and woken by the page. */
import assert from 'node:assert/strict';
import { clientTest } from './world.mjs';

clientTest('sends while offline wait, and resolve with their PUBACK', async (ground) => {
  const { page, credentials, service, telemetry } = ground;
  await page.evaluate(async (credentials) => {
    const options = { backoff: { base: 10 }, throttled: { base: 10, cap: 50 } };
    const device = await kit.connect(credentials, options);
    const away = kit.next(device, 'status', (event) => event.state === 'reconnecting');
    Object.assign(globalThis, { device, away, statuses: kit.statuses(device) });
  }, credentials);
  await service.fault({ kind: 'refuse', code: 3 });
  await service.cut();
  const queued = await page.evaluate(async () => {
    const { device, away } = /** @type {any} */ (globalThis);
    await away;
    const sends = Array.from({ length: 20 }, (_, n) => device.send({ body: `${n}`, messageId: `off-${n}` }));
    const twin = device.getTwin();
    const unavailable = await kit.reason(device, 'hub-unavailable');
    Object.assign(globalThis, { work: Promise.all([...sends, twin]) });
    return { queued: device.metrics.queued, retryIn: unavailable.retryIn, detail: unavailable.detail };
  });
  assert.equal(queued.queued, 20);
  assert.ok(queued.retryIn >= 5 && queued.retryIn <= 50, `${queued.retryIn} ms`);
  assert.match(queued.detail, /CONNACK 3/);
  await service.healed();
  const { metrics, state } = await page.evaluate(async () => {
    const { device, work } = /** @type {any} */ (globalThis);
    await kit.within('PUBACKs', work);
    return { metrics: device.metrics, state: device.state };
  });
  assert.deepEqual([metrics.queued, metrics.inFlight, metrics.acked, state], [0, 0, 20, 'connected']);
  assert.ok(metrics.reconnects >= 1);
  await telemetry('off-19');
});

clientTest(
  'a full outbox rejects the newest, or drops the oldest',
  async ({ page, credentials, service }) => {
    const outcomes = [];
    for (const whenFull of /** @type {const} */ (['reject', 'drop-oldest'])) {
      await page.evaluate(
        async ({ credentials, whenFull }) => {
          const options = {
            outbox: { messages: 2, whenFull },
            throttled: { base: 10, cap: 20 },
            backoff: { base: 10 },
          };
          const device = await kit.connect(credentials, options);
          const away = kit.next(device, 'status', (event) => event.state === 'reconnecting');
          Object.assign(globalThis, { device, away });
        },
        { credentials, whenFull },
      );
      await service.fault({ kind: 'refuse', code: 3 });
      await service.cut();
      await page.evaluate(async () => {
        const { device, away } = /** @type {any} */ (globalThis);
        await away;
        const sends = ['a', 'b', 'c'].map((body) => kit.failure(device.send({ body })));
        Object.assign(globalThis, { sends: Promise.all(sends) });
      });
      await service.healed();
      outcomes.push(
        await page.evaluate(async () => {
          const { device, sends } = /** @type {any} */ (globalThis);
          const codes = (await kit.within('outcomes', sends)).map((/** @type {any} */ { code }) => code);
          await device.close();
          return codes;
        }),
      );
    }
    assert.deepEqual(outcomes, [
      ['resolved', 'resolved', 'outbox-full'],
      ['outbox-dropped', 'resolved', 'resolved'],
    ]);
  },
);

clientTest('a silent link is found dead while sending, and the work goes on', async (ground) => {
  const { page, credentials, service, telemetry } = ground;
  await page.evaluate(async (credentials) => {
    const options = { ackTimeout: 200, pingTimeout: 200, pingAfter: 60_000, backoff: { base: 10 } };
    Object.assign(globalThis, { device: await kit.connect(credentials, options) });
  }, credentials);
  await service.fault({ kind: 'half-open' });
  const took = await page.evaluate(async () => {
    const { device } = /** @type {any} */ (globalThis);
    const started = performance.now();
    const silent = kit.reason(device, 'silent');
    await kit.within('PUBACK', device.send({ body: 'x', messageId: 'after' }));
    await silent;
    return performance.now() - started;
  });
  assert.ok(took >= 390, `${took} ms is before its time`);
  const event = await telemetry('after');
  assert.equal(event.properties['mqtt-dup'], 'true');
});

clientTest('a silent link is found dead while idle', async ({ page, credentials, service }) => {
  await page.evaluate(async (credentials) => {
    const device = await kit.connect(credentials, {
      pingAfter: 200,
      pingTimeout: 200,
      backoff: { base: 10 },
    });
    const [silent, again] = [kit.reason(device, 'silent'), kit.reason(device, 'reconnected')];
    Object.assign(globalThis, { silent, again });
  }, credentials);
  await service.fault({ kind: 'half-open' });
  const detail = await page.evaluate(async () => {
    const { silent, again } = /** @type {any} */ (globalThis);
    await again;
    return (await silent).detail;
  });
  assert.match(detail, /half-open/);
});

for (const wake of ['online', 'pageshow', 'visibilitychange', 'resume', 'offline']) {
  clientTest(`"${wake}" asks the hub for a sign of life at once`, async ({ page, credentials, service }) => {
    const alive = await page.evaluate(
      async ({ credentials, wake }) => {
        // The answer has all the time that it usually has: only the silence below is to be found quickly.
        const device = await kit.connect(credentials, { pingAfter: 600_000 });
        const answer = kit.next(
          device,
          'packet',
          ({ outgoing, packet }) => !outgoing && packet.type === 'PINGRESP',
        );
        const onDocument = wake === 'visibilitychange' || wake === 'resume';
        (onDocument ? document : window).dispatchEvent(new Event(wake));
        const { type } = (await answer).packet;
        const { state } = device;
        await device.close();
        return { type, state };
      },
      { credentials, wake },
    );
    assert.deepEqual(alive, { type: 'PINGRESP', state: 'connected' }, 'a link that lives answers, and stays');
    await page.evaluate(async (credentials) => {
      const options = { pingAfter: 600_000, pingTimeout: 200, backoff: { base: 10 } };
      const device = await kit.connect(credentials, options);
      Object.assign(globalThis, { silent: kit.reason(device, 'silent') });
    }, credentials);
    await service.fault({ kind: 'half-open' });
    await page.evaluate(async (wake) => {
      const onDocument = wake === 'visibilitychange' || wake === 'resume';
      (onDocument ? document : window).dispatchEvent(new Event(wake));
      await kit.within('silent link', /** @type {any} */ (globalThis).silent);
    }, wake);
  });
}

clientTest('a page that wakes does not sit out a long wait', async ({ page, credentials, service }) => {
  await page.evaluate(async (credentials) => {
    const device = await kit.connect(credentials, { backoff: { base: 600_000, cap: 600_000 } });
    const [lost, again] = [kit.reason(device, 'network'), kit.reason(device, 'reconnected')];
    Object.assign(globalThis, { lost, again });
  }, credentials);
  await service.cut();
  await page.evaluate(async () => {
    const { lost, again } = /** @type {any} */ (globalThis);
    await lost;
    window.dispatchEvent(new Event('online'));
    await again;
  });
});

clientTest('trap 13: two pages with one identity say taken-over and do not fight', async (ground) => {
  const { page, anotherPage, credentials, events, deviceId } = ground;
  const options = { backoff: { base: 10, cap: 20 }, takenOver: { after: 3, base: 60_000 } };
  const start = async (/** @type {import('playwright-core').Page} */ at) =>
    at.evaluate(
      async ({ credentials, options }) => {
        const device = await kit.connect(credentials, options);
        Object.assign(globalThis, { takenOver: kit.reason(device, 'taken-over', 30_000) });
      },
      { credentials, options },
    );
  await start(page);
  const other = await anotherPage();
  await start(other);
  const first = /** @type {any} */ (
    await Promise.race(
      [page, other].map((at) =>
        at.evaluate(async () => {
          const { state, detail, retryIn } = await /** @type {any} */ (globalThis).takenOver;
          return { state, detail, retryIn };
        }),
      ),
    )
  );
  assert.equal(first.state, 'reconnecting');
  assert.match(first.detail, /another client probably uses "web-/);
  assert.ok(first.retryIn >= 30_000, `${first.retryIn} ms`);
  const connects = events.seen.filter((e) => e.deviceId === deviceId && e.state === 'connected');
  assert.ok(connects.length <= 8, `${connects.length} connects`);
});

clientTest('trap 27: a device that is disabled while connected hears it by name', async (ground) => {
  const { page, credentials, service } = ground;
  await page.evaluate(async (credentials) => {
    const device = await kit.connect(credentials, { backoff: { base: 10 } });
    Object.assign(globalThis, { device, told: kit.reason(device, 'hub-unavailable') });
  }, credentials);
  await service.setStatus('disabled');
  const detail = await page.evaluate(async () => (await /** @type {any} */ (globalThis).told).detail);
  assert.match(detail, /disabled/);
});

clientTest('many sends of one turn leave in few frames, and keep their order', async (ground) => {
  const { page, credentials, telemetry, events } = ground;
  const seen = await page.evaluate(async (credentials) => {
    const { WebSocket, seen } = kit.countingSocket();
    const device = await kit.connect(credentials, { WebSocket });
    const before = seen.frames;
    await Promise.all(
      Array.from({ length: 500 }, (_, n) => device.send({ body: `${n}`, messageId: `c-${n}` })),
    );
    return seen.frames - before;
  }, credentials);
  assert.equal(seen, 1, 'one turn, one frame');
  await telemetry('c-499');
  const bodies = events.seen.filter((e) => e.type === 'telemetry').map((e) => Number(e.body));
  assert.deepEqual(bodies, [...Array(500).keys()]);
});

clientTest(
  'a socket whose buffer is full gets no more until it drains',
  async ({ page, credentials, telemetry }) => {
    const seen = await page.evaluate(async (credentials) => {
      let [full, held, frames] = [false, 0, 0];
      class Slow extends WebSocket {
        /** @override */
        get bufferedAmount() {
          return full ? 4096 : 0;
        }

        /** @override @param {any} data */
        send(data) {
          frames += 1;
          super.send(data);
        }
      }
      const device = await kit.connect(credentials, { WebSocket: Slow, bufferedHighWater: 4096 });
      full = true;
      const before = frames;
      const sends = Promise.all(
        Array.from({ length: 100 }, (_, n) => device.send({ body: `${n}`, messageId: `b-${n}` })),
      );
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => requestAnimationFrame(resolve));
      held = device.metrics.queued;
      const whileFull = frames - before;
      full = false;
      await kit.within('PUBACKs', sends);
      return { held, whileFull };
    }, credentials);
    assert.deepEqual(seen, { held: 100, whileFull: 0 });
    await telemetry('b-99');
  },
);
