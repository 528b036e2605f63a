/** The rest of what `azure-iothub` asks a hub for: bulk operations, queries with pages, statistics. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { registry, skip } from './world.mjs';

test('devices are added, updated and removed in bulk', { skip, timeout: 300_000 }, async () => {
  const service = registry();
  const devices = names('bulk', 5).map((deviceId) => ({ deviceId }));
  const added = (await service.addDevices(devices)).responseBody;
  assert.equal(added.isSuccessful, true, JSON.stringify(added.errors));
  const disabled = devices.map((device) => ({ ...device, status: /** @type {const} */ ('disabled') }));
  assert.equal((await service.updateDevices(disabled, true)).responseBody.isSuccessful, true);
  assert.equal((await service.get(devices[0].deviceId)).responseBody.status, 'disabled');
  assert.equal((await service.removeDevices(devices, true)).responseBody.isSuccessful, true);
  await assert.rejects(() => service.get(devices[0].deviceId));
});

test('a query is answered in pages', { skip, timeout: 300_000 }, async () => {
  const service = registry();
  const tag = randomUUID();
  for (const deviceId of names('query', 5)) {
    await service.create({ deviceId });
    await service.updateTwin(deviceId, { tags: { group: tag } }, '*');
  }
  const query = service.createQuery(`SELECT * FROM devices WHERE tags.group = '${tag}'`, 2);
  const sizes = [];
  while (query.hasMoreResults) sizes.push((await query.nextAsTwin()).result.length);
  assert.equal(
    sizes.reduce((sum, size) => sum + size, 0),
    5,
  );
  assert.ok(sizes.every((size) => size <= 2));
});

test('statistics count devices', { skip, timeout: 300_000 }, async () => {
  const service = registry();
  const before = (await service.getRegistryStatistics()).responseBody;
  await service.create({ deviceId: names('count', 1)[0] });
  const now = (await service.getRegistryStatistics()).responseBody;
  assert.equal(now.totalDeviceCount, before.totalDeviceCount + 1);
});

/** @param {string} prefix @param {number} count */
function names(prefix, count) {
  return Array.from({ length: count }, () => `${prefix}-${randomUUID().slice(0, 8)}`);
}
