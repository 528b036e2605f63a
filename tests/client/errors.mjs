/** Every code of docs/errors.md is provoked, and its row held to what really comes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readErrorTable } from '../docs/error-table.mjs';
import { inSeconds, makeToken } from '../sas.mjs';
import { clientTest } from './world.mjs';

/** @typedef {import('./kit.mjs').Failure} Failure */
/** @typedef {import('./world.mjs').Ground} Ground */

const KEY = Buffer.alloc(32, 9).toString('base64');
const AT = 'HostName=h.azure-devices.net;DeviceId=d';
/** So long that a machine that pauses has met the cause once before the time is out. */
const ONE_TRY = 5_000;
const QUICK = { backoff: { base: 10, cap: 20 }, throttled: { base: 10, cap: 20 }, connectTimeout: 60_000 };

/** What connecting fails with. @param {unknown} credentials @param {Record<string, unknown>} [options] */
const connecting =
  (credentials, options = {}) =>
  (/** @type {Ground} */ { page }) =>
    page.evaluate(
      ({ credentials, options }) =>
        kit.failure(iothub.DeviceClient.connect(/** @type {any} */ (credentials), options)),
      { credentials, options },
    );

/** What a call on a connected device fails with. @param {string} call @param {Record<string, unknown>} [options] @param {Record<string, unknown>} [fault] */
const calling =
  (call, options = {}, fault) =>
  async (/** @type {Ground} */ { page, credentials, service }) => {
    await page.evaluate(
      async ({ credentials, options }) => {
        Object.assign(globalThis, { device: await kit.connect(credentials, options) });
      },
      { credentials, options: { ...QUICK, ...options } },
    );
    if (fault) await service.fault(fault);
    return page.evaluate((call) => {
      const { device } = /** @type {any} */ (globalThis);
      return kit.failure(new Function('device', `return ${call}`)(device));
    }, call);
  };

/** What connecting with a token provider fails with. @param {string} provider source of a function of the token @param {(ground: Ground) => string} [token] */
const providing =
  (provider, token = () => '', connectTimeout = 60_000) =>
  (/** @type {Ground} */ ground) =>
    ground.page.evaluate(
      ({ address, provider, token, options }) => {
        const made = new Function('given', provider);
        return kit.failure(iothub.DeviceClient.connect({ ...address, token: () => made(token) }, options));
      },
      {
        address: ground.address,
        provider,
        token: token(ground),
        options: { ...QUICK, connectTimeout },
      },
    );

/** How each code is provoked. @type {Record<string, (ground: Ground) => Promise<Failure>>} */
const PROVOKE = {
  'connection-string': connecting(''),
  'hub-connection-string': connecting(
    `HostName=h.azure-devices.net;SharedAccessKeyName=owner;SharedAccessKey=${KEY}`,
  ),
  'key-format': connecting(`${AT};SharedAccessKey=not!base64`),
  identity: connecting(`HostName=h.azure-devices.net;DeviceId=a b;SharedAccessKey=${KEY}`),
  'host-name': connecting(`HostName=myhub;DeviceId=d;SharedAccessKey=${KEY}`),
  'local-hub-only': connecting(`${AT};SharedAccessKey=${KEY};UseLocalHub=true`),
  'client-certificate': connecting(`${AT};x509=true`),
  argument: connecting(`${AT};SharedAccessKey=${KEY}`, { keepalive: 7 }),
  'quality-of-service': calling('device.send({ body: 1 }, { qos: 2 })'),
  'property-name': calling('device.send({ body: 1, properties: { "$.mid": "" } })'),
  'message-too-large': calling('device.send({ body: new Uint8Array(300_000) })'),
  'topic-too-long': calling('device.send({ body: 1, properties: { a: "/".repeat(22_000) } })'),
  'outbox-full': calling(
    'Promise.all([1, 2, 3].map((body) => device.send({ body })))',
    { outbox: { messages: 1 }, window: { messages: 1 } },
    { kind: 'half-open' },
  ),
  'outbox-dropped': calling(
    'Promise.all([1, 2, 3].map((body) => device.send({ body })))',
    { outbox: { messages: 1, whenFull: 'drop-oldest' }, window: { messages: 1 } },
    { kind: 'half-open' },
  ),
  closed: calling('device.close().then(() => device.getTwin())'),
  aborted: calling('device.getTwin({ signal: AbortSignal.timeout(20) })', {}, { kind: 'half-open' }),
  timeout: calling('device.getTwin({ timeout: 20 })', {}, { kind: 'half-open' }),
  network: ({ page, address, key }) =>
    page.evaluate(
      ({ credentials, options }) => kit.failure(iothub.DeviceClient.connect(credentials, options)),
      { credentials: { ...address, key, port: 1 }, options: { ...QUICK, connectTimeout: ONE_TRY } },
    ),
  unauthorized: ({ page, address }) =>
    page.evaluate(
      ({ credentials, options }) => kit.failure(iothub.DeviceClient.connect(credentials, options)),
      { credentials: { ...address, key: KEY }, options: QUICK },
    ),
  'token-expired': tokenThatEnds,
  'token-provider': providing('throw new Error("the server said 503")', undefined, ONE_TRY),
  'clock-off': providing('return given', (ground) => signed(ground, -3600)),
  'hub-unavailable': refused(3, ONE_TRY),
  'hub-refused': refused(2, 60_000),
  'taken-over': takenOver,
  throttled: calling(`device.getTwin({ timeout: ${ONE_TRY} })`, {}, { kind: 'twin-error', code: 429 }),
  'twin-bad-request': calling('device.updateReported({ $version: 1 })'),
  'twin-precondition': calling('device.getTwin()', {}, { kind: 'twin-error', code: 412 }),
  'hub-error': calling(`device.getTwin({ timeout: ${ONE_TRY} })`, {}, { kind: 'twin-error', code: 500 }),
  protocol: brokenTwin,
  runtime: connecting(`${AT};SharedAccessKey=${KEY}`, { WebSocket: 'none' }),
};

/** What no test can provoke without a fault in the library. */
const NOT_PROVOKED = ['internal'];

const TABLE = readErrorTable();

test('every code has a way to provoke it', () => {
  const known = [...Object.keys(PROVOKE), ...NOT_PROVOKED].toSorted();
  assert.deepEqual(known, TABLE.map(({ code }) => code).toSorted());
});

for (const { code, when, retryable, says } of TABLE) {
  const provoke = PROVOKE[code];
  if (provoke === undefined) continue;
  clientTest(`${code}: ${when}`, async (ground) => {
    const failure = await provoke(ground);
    assert.equal(failure.code, code, failure.message);
    assert.ok(failure.message.includes(says), `"${failure.message}" does not say "${says}"`);
    if (failure.name !== 'status') {
      assert.deepEqual([failure.name, failure.retryable], ['IotHubError', retryable]);
    }
  });
}

/** @param {Ground} ground @param {number} seconds */
function signed({ deviceId, key }, seconds) {
  return makeToken({ resource: `localhost/devices/${deviceId}`, key, expiry: inSeconds(seconds) });
}

/** @param {number} connack @param {number} connectTimeout @returns {(ground: Ground) => Promise<Failure>} */
function refused(connack, connectTimeout) {
  return async ({ page, credentials, service }) => {
    await service.fault({ kind: 'refuse', code: connack });
    return page.evaluate(
      ({ credentials, options }) => kit.failure(iothub.DeviceClient.connect(credentials, options)),
      { credentials, options: { ...QUICK, connectTimeout } },
    );
  };
}

/** A ready token that is too near its end for a second link. @param {Ground} ground */
async function tokenThatEnds({ page, address, service }) {
  const sas = await service.token(5);
  await page.evaluate(
    async ({ credentials, options }) => {
      const device = await kit.connect(credentials, options);
      const lost = kit.next(device, 'status', (event) => event.state === 'disconnected');
      Object.assign(globalThis, { device, lost });
    },
    { credentials: { ...address, sas }, options: QUICK },
  );
  await service.cut();
  return page.evaluate(async () => {
    const { device, lost } = /** @type {any} */ (globalThis);
    await lost;
    return kit.failure(device.send({ body: 'too late' }));
  });
}

/** It comes as a status. @param {Ground} ground @returns {Promise<Failure>} */
async function takenOver({ page, credentials, service }) {
  await page.evaluate(
    async ({ credentials, options }) => {
      const device = await kit.connect(credentials, options);
      Object.assign(globalThis, {
        told: kit.next(device, 'status', (event) => event.state === 'reconnecting'),
      });
    },
    { credentials, options: { ...QUICK, takenOver: { after: 1 } } },
  );
  await service.cut();
  return page.evaluate(async () => {
    const { reason, detail } = await /** @type {any} */ (globalThis).told;
    return { name: 'status', code: reason, message: detail, retryable: true, cause: undefined };
  });
}

/** The real hub's twin answer, broken on its way by a socket that is an option. @param {Ground} ground */
function brokenTwin({ page, credentials }) {
  return page.evaluate(async (credentials) => {
    class Garbling extends WebSocket {
      /** @override @param {any} type @param {any} listener @param {any} [options] */
      addEventListener(type, listener, options) {
        if (type !== 'message') return super.addEventListener(type, listener, options);
        super.addEventListener(type, (/** @type {any} */ { data }) => {
          const bytes = new Uint8Array(data);
          const answer = new TextDecoder('latin1').decode(bytes).indexOf('{"desired"');
          if (answer >= 0) bytes[answer] = 0x5b; // [ instead of {
          listener.call(this, new MessageEvent('message', { data: bytes.buffer }));
        });
      }
    }
    const device = await kit.connect(credentials, { WebSocket: Garbling });
    return kit.failure(device.getTwin());
  }, credentials);
}
