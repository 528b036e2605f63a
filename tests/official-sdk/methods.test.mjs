/** Direct methods: `azure-iothub` invokes, `azure-iot-device` answers, or nobody does. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import iothub from 'azure-iothub';
import { Client, createDevice, ready, skip, TRANSPORTS } from './world.mjs';

for (const { name, transport } of TRANSPORTS) {
  test(`${name}: a method is answered with status and payload`, { skip, timeout: 300_000 }, async () => {
    const { deviceId, connectionString } = await createDevice('method');
    const client = Client.fromConnectionString(connectionString, transport);
    try {
      await client.open();
      await answer(client, 'reboot');
      const { result } = await invoke(deviceId, {
        methodName: 'reboot',
        payload: { delay: 3 },
        responseTimeoutInSeconds: 10,
      });
      assert.equal(result.status, 207);
      assert.deepEqual(result.payload, { echo: { delay: 3 } });
    } finally {
      await client.close();
    }
  });
}

test('a method on a device that is not connected is not found', { skip, timeout: 300_000 }, async () => {
  const { deviceId } = await createDevice('method');
  await assert.rejects(
    () => invoke(deviceId, { methodName: 'reboot', payload: null, responseTimeoutInSeconds: 5 }),
    (/** @type {any} */ error) => {
      // The SDK reads no name from the nested JSON of this answer, as from the real hub's: it is a plain Error.
      assert.equal(error.response.statusCode, 404);
      assert.match(error.responseBody, /404103/);
      return true;
    },
  );
});

/**
 * Registers a handler and waits until the hub has granted the subscription.
 * @param {import('azure-iot-device').Client} client
 * @param {string} method
 */
async function answer(client, method) {
  client.onDeviceMethod(method, (request, response) => {
    response.send(207, { echo: request.payload }, () => {});
  });
  await client.getTwin(); // answered only after the subscriptions before it
}

/**
 * @param {string} deviceId
 * @param {import('azure-iothub').DeviceMethodParams} params
 */
function invoke(deviceId, params) {
  return iothub.Client.fromConnectionString(ready.serviceConnectionString).invokeDeviceMethod(
    deviceId,
    params,
  );
}
