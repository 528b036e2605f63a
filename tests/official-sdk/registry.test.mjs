/** `azure-iothub`, the official service SDK, manages identities over REST. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import iothub from 'azure-iothub';
import { ready, registry, skip } from './world.mjs';

test('a device is created, read, listed and deleted', { skip, timeout: 300_000 }, async () => {
  const deviceId = `reg-${randomUUID().slice(0, 8)}`;
  const service = registry();
  const created = (await service.create({ deviceId })).responseBody;
  assert.equal(created.deviceId, deviceId);
  assert.equal(created.status, 'enabled');
  assert.ok(created.etag && created.generationId);

  const read = (await service.get(deviceId)).responseBody;
  assert.deepEqual(read.authentication?.symmetricKey, created.authentication?.symmetricKey);

  const all = (await service.list()).responseBody;
  assert.ok(all.some((device) => device.deviceId === deviceId));

  await service.delete(deviceId);
  await assert.rejects(() => service.get(deviceId), named('DeviceNotFoundError'));
});

test('a second device of the same name is a conflict', { skip, timeout: 300_000 }, async () => {
  const deviceId = `reg-${randomUUID().slice(0, 8)}`;
  await registry().create({ deviceId });
  await assert.rejects(() => registry().create({ deviceId }), named('DeviceAlreadyExistsError'));
});

test('a wrong service key is unauthorized', { skip, timeout: 300_000 }, async () => {
  const wrong = ready.serviceConnectionString.replace(
    /SharedAccessKey=.*/,
    'SharedAccessKey=d3JvbmcgIGtleSAgd3Jvbmc=',
  );
  const service = iothub.Registry.fromConnectionString(wrong);
  await assert.rejects(() => service.list(), named('UnauthorizedError'));
});

/** @param {string} name */
function named(name) {
  return (/** @type {Error} */ error) => {
    assert.equal(error.name, name, error.message);
    return true;
  };
}
