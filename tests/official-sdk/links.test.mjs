/** One link for each identity: take-over, and a module beside its device. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import device from 'azure-iot-device';
import { Client, createDevice, Message, openEvents, registry, skip, TRANSPORTS } from './world.mjs';

for (const { name, transport } of TRANSPORTS) {
  test(`${name}: a second link of the same device takes over`, { skip, timeout: 300_000 }, async () => {
    const { deviceId, connectionString } = await createDevice('twice');
    const events = await openEvents();
    const first = Client.fromConnectionString(connectionString, transport);
    const second = Client.fromConnectionString(connectionString, transport);
    first.setRetryPolicy(/** @type {any} */ ({ shouldRetry: () => false, nextRetryTimeout: () => 0 }));
    try {
      await first.open();
      await second.open();
      await events.next(
        'take-over',
        (e) => e.type === 'connection' && e.deviceId === deviceId && e.reason === 'taken-over',
      );
      await second.sendEvent(new Message('still here'));
    } finally {
      await Promise.all([first.close(), second.close()]);
      await events.close();
    }
  });

  test(`${name}: a module connects with its own key beside its device`, {
    skip,
    timeout: 300_000,
  }, async () => {
    const { deviceId, connectionString } = await createDevice('host');
    const key = await createModule(deviceId, 'mod_A');
    const events = await openEvents();
    const host = Client.fromConnectionString(connectionString, transport);
    const module = device.ModuleClient.fromConnectionString(
      `HostName=localhost;DeviceId=${deviceId};ModuleId=mod_A;SharedAccessKey=${key}`,
      transport,
    );
    try {
      await host.open();
      await module.open();
      await module.sendEvent(new Message('from the module'));
      const event = await events.next(
        'telemetry',
        (e) => e.type === 'telemetry' && e.deviceId === deviceId && e.moduleId === 'mod_A',
      );
      assert.equal(event.systemProperties['iothub-connection-module-id'], 'mod_A');
      await host.sendEvent(new Message('and from the device'));
    } finally {
      await Promise.all([host.close(), module.close()]);
      await events.close();
    }
  });
}

/**
 * @param {string} deviceId
 * @param {string} moduleId
 */
async function createModule(deviceId, moduleId) {
  await registry().addModule({ deviceId, moduleId });
  const { responseBody } = await registry().getModule(deviceId, moduleId);
  return responseBody.authentication?.symmetricKey?.primaryKey;
}
