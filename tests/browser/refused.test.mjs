/**
 * Bad credentials in a browser: the client reports `unauthorized` and stops, the hub names the cause,
 * and no key or token is seen anywhere on the way.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { BrowserWorld } from '../browser-world.mjs';
import { inSeconds, makeToken } from '../sas.mjs';

/** @type {BrowserWorld} */
let world;

before(async () => {
  world = await BrowserWorld.open();
});

after(() => world?.close());

/** @type {{ name: string, reason: string, credentials: () => Promise<string | Record<string, unknown>> }[]} */
const CASES = [
  { name: 'a wrong key', reason: 'token-signature', credentials: wrongKey },
  { name: 'an expired token', reason: 'token-expired-at-connect', credentials: expiredToken },
  { name: 'an unknown device', reason: 'unknown-device', credentials: unknownDevice },
  { name: "another device's token", reason: 'token-audience', credentials: foreignToken },
];

for (const { name, reason, credentials } of CASES) {
  test(`${name} is unauthorized`, { timeout: 300_000 }, async () => {
    const given = await credentials();
    const events = await world.openEvents();
    const { context, page, complaints } = await world.openPage();
    const error = await page.evaluate(connectAndFail, given);
    assert.equal(error.name, 'IotHubError');
    assert.equal(error.code, 'unauthorized');
    assert.equal(error.retryable, false);
    const refused = await events.next(
      `refusal ${reason}`,
      (e) => e.type === 'refused' && e.reason === reason,
    );
    assert.equal(refused.connack, 5);
    const told = [error.message, error.stack, world.hub.log, JSON.stringify(events.seen), ...complaints].join(
      '\n',
    );
    for (const secret of secretsIn(given)) assert.ok(!told.includes(secret), 'a secret was told');
    await events.close();
    await context.close();
  });
}

/** @param {any} credentials */
function connectAndFail(credentials) {
  return iothub.DeviceClient.connect(credentials).then(
    () => ({ name: 'resolved', code: '', message: '', stack: '', retryable: true }),
    ({ name, code, message, stack, retryable }) => ({ name, code, message, stack, retryable }),
  );
}

/** @param {string | Record<string, unknown>} given */
function secretsIn(given) {
  const text = typeof given === 'string' ? given : JSON.stringify(given);
  return [...text.matchAll(/(?:SharedAccessKey=|sig=)([^;&"]+)/g)].map((match) => match[1]);
}

async function wrongKey() {
  const { connectionString } = await world.createDevice();
  return connectionString.replace(
    /SharedAccessKey=[^;]+/,
    `SharedAccessKey=${randomBytes(32).toString('base64')}`,
  );
}

async function unknownDevice() {
  const { connectionString } = await world.createDevice();
  return connectionString.replace(/DeviceId=[^;]+/, 'DeviceId=nobody');
}

async function expiredToken() {
  const { deviceId, connectionString } = await world.createDevice();
  return withToken(connectionString, deviceId, deviceId, -3600);
}

async function foreignToken() {
  const owner = await world.createDevice();
  const thief = await world.createDevice();
  return withToken(owner.connectionString, owner.deviceId, thief.deviceId, 600);
}

/**
 * @param {string} connectionString whose key signs
 * @param {string} audience the device that the token is for
 * @param {string} deviceId the device that connects with it
 * @param {number} seconds
 */
function withToken(connectionString, audience, deviceId, seconds) {
  const field = (/** @type {string} */ name) =>
    connectionString.match(new RegExp(`${name}=([^;]+)`))?.[1] ?? '';
  const expiry = inSeconds(seconds);
  const token = makeToken({
    resource: `${field('HostName')}/devices/${audience}`,
    key: field('SharedAccessKey'),
    expiry,
  });
  return `HostName=${field('HostName')};DeviceId=${deviceId};SharedAccessSignature=${token};UseLocalHub=true;Port=${field('Port')}`;
}
