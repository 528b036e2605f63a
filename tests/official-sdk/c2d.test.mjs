/** The official device SDK receives cloud-to-device messages, also what was queued before it came. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sendC2d } from '../local-api.mjs';
import { Client, createDevice, firstEvent, openEvents, ready, skip, TRANSPORTS } from './world.mjs';

for (const { name, transport } of TRANSPORTS) {
  test(`${name}: a message with properties is received and completed`, {
    skip,
    timeout: 300_000,
  }, async () => {
    const { deviceId, connectionString } = await createDevice();
    const events = await openEvents();
    const client = Client.fromConnectionString(connectionString, transport);
    try {
      await client.open();
      const received = firstEvent(client, 'message');
      const connected = await events.next(
        'connected',
        (e) => e.type === 'connection' && e.deviceId === deviceId,
      );
      assert.equal(connected.state, 'connected');
      await sendC2d(ready.http, deviceId, message('live'));
      const got = await received;
      assertMessage(got, 'live');
      await client.complete(got);
      await events.next(
        'completed',
        (e) => e.type === 'c2d' && e.deviceId === deviceId && e.state === 'completed',
      );
    } finally {
      await client.close();
      await events.close();
    }
  });

  test(`${name}: a message queued while the device was away is received`, {
    skip,
    timeout: 300_000,
  }, async () => {
    const { deviceId, connectionString } = await createDevice();
    await sendC2d(ready.http, deviceId, message('queued'));
    const client = Client.fromConnectionString(connectionString, transport);
    try {
      await client.open();
      const got = await firstEvent(client, 'message');
      assertMessage(got, 'queued');
      await client.complete(got);
    } finally {
      await client.close();
    }
  });
}

/** @param {string} messageId */
function message(messageId) {
  return {
    body: 'switch on',
    messageId,
    correlationId: 'c 1',
    contentType: 'text/plain; charset=UTF-8',
    properties: { level: 'a b&c=d/+#ä' },
  };
}

/**
 * @param {import('azure-iot-device').Message} got
 * @param {string} messageId
 */
function assertMessage(got, messageId) {
  assert.equal(got.getData().toString(), 'switch on');
  assert.equal(got.messageId, messageId);
  assert.equal(got.correlationId, 'c 1');
  assert.equal(got.contentType, 'text/plain; charset=UTF-8');
  const properties = Object.fromEntries(got.properties.propertyList.map(({ key, value }) => [key, value]));
  assert.equal(properties.level, 'a b&c=d/+#ä');
}
