/** Twins both ways: the official device SDK on one side, the official service SDK on the other. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, createDevice, registry, skip, TRANSPORTS } from './world.mjs';

for (const { name, transport } of TRANSPORTS) {
  test(`${name}: a desired change reaches the device, a reported one the service`, {
    skip,
    timeout: 300_000,
  }, async () => {
    const { deviceId, connectionString } = await createDevice('twin');
    const client = Client.fromConnectionString(connectionString, transport);
    try {
      await client.open();
      const twin = await client.getTwin();
      assert.equal(twin.properties.desired.$version, 1);

      const change = nextDesired(twin, (patch) => patch.interval === 5);
      await (await service(deviceId)).update({ properties: { desired: { interval: 5, nested: { a: 1 } } } });
      const patch = await change;
      assert.deepEqual(patch.nested, { a: 1 });
      assert.equal(patch.$version, 2);

      await report(twin, { firmware: '1.2.3', nested: { a: 1, b: 2 } });
      await report(twin, { nested: { a: null } });
      const seen = await service(deviceId);
      assert.equal(seen.properties.reported.firmware, '1.2.3');
      assert.deepEqual({ ...seen.properties.reported.nested }, { b: 2 });
      assert.equal(seen.properties.reported.$version, 3);
    } finally {
      await client.close();
    }
  });
}

test('a stale etag is a failed precondition', { skip, timeout: 300_000 }, async () => {
  const { deviceId } = await createDevice('twin');
  const first = await service(deviceId);
  await first.update({ tags: { floor: 1 } });
  await assert.rejects(
    () => registry().updateTwin(deviceId, { tags: { floor: 2 } }, first.etag === '*' ? 'x' : STALE),
    (error) => {
      assert.equal(/** @type {Error} */ (error).name, 'InvalidEtagError');
      return true;
    },
  );
});

/** No twin of a new device has this one. */
const STALE = 'c3RhbGU=';

/** @param {string} deviceId */
async function service(deviceId) {
  return (await registry().getTwin(deviceId)).responseBody;
}

/**
 * The SDK raises the event for each new listener with what it knows already: one listener stays.
 * @param {import('azure-iot-device').Twin} twin
 * @param {(patch: any) => boolean} wanted
 * @returns {Promise<any>}
 */
function nextDesired(twin, wanted) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('no desired change within 60 s')), 60_000);
    twin.on('properties.desired', (patch) => {
      if (!wanted(patch)) return;
      clearTimeout(timer);
      resolve(patch);
    });
  });
}

/**
 * @param {import('azure-iot-device').Twin} twin
 * @param {object} patch
 */
function report(twin, patch) {
  return new Promise((resolve, reject) => {
    twin.properties.reported.update(patch, (/** @type {Error | null} */ error) =>
      error ? reject(error) : resolve(null),
    );
  });
}
