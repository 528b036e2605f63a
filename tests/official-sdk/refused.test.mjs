/**
 * Bad credentials: the official SDK reports that it is not authorized, and because MQTT 3.1.1 tells a
 * client no more than that, the hub names the cause on `/local/events`.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import mqtt from 'mqtt';
import { inSeconds, makeToken } from '../sas.mjs';
import { Client, createDevice, openEvents, skip, TRANSPORTS } from './world.mjs';

const UNAUTHORIZED = /not authorized/i;

/**
 * Every case: how to get a client that must be refused, and the cause that the hub must name.
 * @typedef {typeof TRANSPORTS[number]['transport']} Transport
 * @type {{ name: string, reason: string, client: (transport: Transport) => Promise<import('azure-iot-device').Client> }[]}
 */
const CASES = [
  { name: 'a wrong key', reason: 'token-signature', client: withWrongKey },
  { name: 'an expired token', reason: 'token-expired-at-connect', client: withExpiredToken },
  { name: 'an unknown device', reason: 'unknown-device', client: ofUnknownDevice },
  { name: "another device's token", reason: 'token-audience', client: withForeignToken },
];

for (const { name: transportName, transport } of TRANSPORTS) {
  for (const { name, reason, client: make } of CASES) {
    test(`${transportName}: ${name} is unauthorized`, { skip, timeout: 300_000 }, async () => {
      const client = await make(transport);
      const events = await openEvents();
      try {
        await assert.rejects(() => client.open(), UNAUTHORIZED);
        const refused = await events.next(
          `refusal ${reason}`,
          (e) => e.type === 'refused' && e.reason === reason,
        );
        assert.equal(refused.connack, 5);
        assert.ok(refused.detail.length > 20, 'the cause has a sentence');
      } finally {
        await client.close();
        await events.close();
      }
    });
  }
}

test('a client id that is not the identity of the user name is unauthorized', {
  skip,
  timeout: 300_000,
}, async () => {
  const { deviceId, key } = await createDevice();
  const events = await openEvents();
  const client = mqtt.connect('mqtts://localhost:8883', {
    clientId: `${deviceId}-other`,
    username: `localhost/${deviceId}/?api-version=2021-04-12`,
    password: makeToken({ resource: `localhost/devices/${deviceId}`, key, expiry: inSeconds(600) }),
    reconnectPeriod: 0,
  });
  try {
    const error = await new Promise((resolve) => client.once('error', resolve));
    assert.match(error.message, UNAUTHORIZED);
    await events.next('refusal', (e) => e.type === 'refused' && e.reason === 'client-id-mismatch');
  } finally {
    client.end(true);
    await events.close();
  }
});

/** @param {Transport} transport */
async function withWrongKey(transport) {
  const { deviceId } = await createDevice();
  const key = randomBytes(32).toString('base64');
  return Client.fromConnectionString(
    `HostName=localhost;DeviceId=${deviceId};SharedAccessKey=${key}`,
    transport,
  );
}

/** @param {Transport} transport */
async function withExpiredToken(transport) {
  const { deviceId, key } = await createDevice();
  // Longer ago than the clock skew that the hub allows.
  const token = makeToken({ resource: `localhost/devices/${deviceId}`, key, expiry: inSeconds(-3600) });
  return Client.fromSharedAccessSignature(token, transport);
}

/** @param {Transport} transport */
async function ofUnknownDevice(transport) {
  const key = randomBytes(32).toString('base64');
  return Client.fromConnectionString(`HostName=localhost;DeviceId=nobody;SharedAccessKey=${key}`, transport);
}

/** @param {Transport} transport */
async function withForeignToken(transport) {
  const owner = await createDevice('owner');
  const thief = await createDevice('thief');
  const token = makeToken({
    resource: `localhost/devices/${owner.deviceId}`,
    key: owner.key,
    expiry: inSeconds(600),
  });
  const provider = { type: 'token', getDeviceCredentials, stop() {}, on() {}, removeListener() {} };
  /** @param {(error: null, credentials: object) => void} done */
  function getDeviceCredentials(done) {
    done(null, { host: 'localhost', deviceId: thief.deviceId, sharedAccessSignature: token });
  }
  return Client.fromAuthenticationProvider(/** @type {any} */ (provider), transport);
}
