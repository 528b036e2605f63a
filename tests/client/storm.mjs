/** Ten thousand sends through a hundred cuts, and tokens that live ten seconds: nothing is lost, nothing rejected. */
import assert from 'node:assert/strict';
import { clientTest } from './world.mjs';

const MESSAGES = 10_000;
const CUTS = 100;
/** How many messages may be sent that nobody has read at the hub. */
const AHEAD = 1_000;
const SEED = 20_261_121;
const RENEWALS = 5;

clientTest(
  `a link cut ${CUTS} times in ${MESSAGES} sends loses nothing (seed ${SEED})`,
  async (ground) => {
    const { page, credentials, service, events, deviceId } = ground;
    // Late PUBACKs, so that every cut meets messages in flight.
    await service.fault({ kind: 'delay', ms: 20 });
    await page.exposeFunction('cut', async () => (await service.cut()).links > 0);
    /** @type {Map<string, import('../local-api.mjs').LocalEvent[]>} */
    const arrived = new Map();
    let read = 0;
    const arrive = (/** @type {number} */ count) =>
      events.next(`${count} of ${MESSAGES} messages`, () => {
        for (; read < events.seen.length; read++) keep(arrived, events.seen[read], deviceId);
        return arrived.size >= count;
      });
    // The hub keeps the last events only: the page sends no faster than they are read here.
    await page.exposeFunction('keepUp', async (/** @type {number} */ sent) => {
      await arrive(Math.max(0, sent - AHEAD));
    });
    const run = await page.evaluate(sendThroughCuts, {
      credentials,
      messages: MESSAGES,
      cuts: CUTS,
      seed: SEED,
    });
    assert.equal(run.rejected, undefined, 'every promise resolves');
    assert.ok(run.metrics.resent > 0, 'nothing was in flight when the link was cut');
    assert.ok(run.metrics.reconnects >= CUTS, `${run.metrics.reconnects} reconnects`);
    assert.deepEqual([run.metrics.queued, run.metrics.inFlight, run.metrics.acked], [0, 0, MESSAGES]);

    await arrive(MESSAGES);
    let again = 0;
    for (const [id, [, ...copies]] of arrived) {
      for (const copy of copies)
        assert.equal(copy.properties['mqtt-dup'], 'true', `${id} came twice without DUP`);
      again += copies.length;
    }
    assert.ok(again > 0, 'no message came twice: the cuts met nothing');
  },
  300_000,
);

/**
 * @param {Map<string, import('../local-api.mjs').LocalEvent[]>} arrived
 * @param {import('../local-api.mjs').LocalEvent | undefined} event
 * @param {string} deviceId
 */
function keep(arrived, event, deviceId) {
  if (event?.type !== 'telemetry' || event.deviceId !== deviceId) return;
  const id = event.systemProperties['message-id'];
  arrived.set(id, [...(arrived.get(id) ?? []), event]);
}

/** In the page. @param {{ credentials: string, messages: number, cuts: number, seed: number }} run */
async function sendThroughCuts({ credentials, messages, cuts, seed }) {
  const device = await kit.connect(credentials, { backoff: { base: 5, cap: 20 }, takenOver: { after: 0 } });
  let state = seed;
  const random = () => {
    // A xorshift: the same schedule for the same seed.
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
  const points = new Set();
  while (points.size < cuts) points.add(Math.floor(random() * messages));
  let losses = 0;
  device.addEventListener('status', ({ state }) => {
    if (state === 'reconnecting') losses += 1;
  });
  /** @param {() => boolean} reached what the next status may have brought */
  const until = async (reached) => {
    while (!reached()) await kit.next(device, 'status');
  };
  /** Until one link was cut: on a busy machine a cut may come while the link is just away by itself. */
  const cutOnce = async () => {
    for (let met = false; !met; ) {
      await until(() => device.state === 'connected');
      const before = losses;
      met = await /** @type {any} */ (globalThis).cut();
      await until(() => losses > before);
    }
    await until(() => device.state === 'connected');
  };
  /** @type {unknown} */
  let rejected;
  const sends = [];
  // Not awaited when it is ordered: the link is cut while the sends go on.
  let cut = Promise.resolve();
  for (let n = 0; n < messages; n++) {
    const sent = device.send({ body: `body ${n}`, messageId: `s-${n}`, properties: { n: String(n) } });
    sends.push(sent.catch((error) => (rejected ??= `${n}: ${error.code} ${error.message}`)));
    if (n % 10 === 0) await new Promise((resolve) => setTimeout(resolve));
    if (n % 100 === 0) await /** @type {any} */ (globalThis).keepUp(n);
    if (!points.has(n)) continue;
    await cut;
    cut = cutOnce();
  }
  await cut;
  await kit.within('last PUBACK', Promise.all(sends));
  return { rejected, metrics: device.metrics };
}

clientTest(
  `tokens of ten seconds through ${RENEWALS} renewals: no send notices`,
  async (ground) => {
    const { page, address, service, events, deviceId } = ground;
    await page.exposeFunction('sign', () => service.token(10));
    const run = await page.evaluate(sendThroughRenewals, { address, renewals: RENEWALS });
    assert.equal(run.rejected, undefined);
    assert.deepEqual(
      new Set(run.statuses),
      new Set(['connected token-renewed']),
      'never reconnecting, never away',
    );
    assert.ok(run.asked > RENEWALS, `${run.asked} tokens`);
    assert.ok(run.across <= 1, `a send waited while ${run.across} tokens were renewed`);
    /** @type {Map<string, import('../local-api.mjs').LocalEvent[]>} */
    const arrived = new Map();
    let read = 0;
    await events.next('last of all messages', () => {
      for (; read < events.seen.length; read++) keep(arrived, events.seen[read], deviceId);
      return arrived.size === run.sent;
    });
    const ends = events.seen.filter((e) => e.deviceId === deviceId && e.state === 'disconnected');
    assert.deepEqual(
      new Set(ends.map((e) => e.reason)),
      new Set(['client-disconnected']),
      'each old link was left politely',
    );
  },
  300_000,
);

/** In the page. @param {{ address: any, renewals: number }} run */
async function sendThroughRenewals({ address, renewals }) {
  let asked = 0;
  const token = () => {
    asked += 1;
    return /** @type {any} */ (globalThis).sign();
  };
  const device = await kit.connect({ ...address, token }, { tokenLifeSeconds: 10 });
  const statuses = kit.statuses(device);
  let [sent, across] = [0, 0];
  /** @type {unknown} */
  let rejected;
  const sends = [];
  const deadline = performance.now() + 240_000;
  while (statuses.length < renewals && rejected === undefined && performance.now() < deadline) {
    const before = statuses.length;
    const call = device.send({ body: `n ${sent}`, messageId: `t-${sent++}` });
    sends.push(
      call.then(
        () => (across = Math.max(across, statuses.length - before)),
        (error) => (rejected = `${error.code} ${error.message}`),
      ),
    );
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await kit.within('last PUBACK', Promise.all(sends));
  return { rejected, statuses, asked, sent, across };
}
