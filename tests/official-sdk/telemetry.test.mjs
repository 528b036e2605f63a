/** The official device SDK sends telemetry; it arrives decoded on `/local/events`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, createDevice, Message, openEvents, skip, TRANSPORTS } from './world.mjs';

for (const { name, transport } of TRANSPORTS) {
  test(`${name}: a message arrives with its system and custom properties`, {
    skip,
    timeout: 300_000,
  }, async () => {
    const { deviceId, connectionString } = await createDevice();
    const events = await openEvents();
    const client = Client.fromConnectionString(connectionString, transport);
    try {
      await client.open();
      await client.sendEvent(message());
      const event = await events.next('telemetry', (e) => e.type === 'telemetry' && e.deviceId === deviceId);
      assert.deepEqual(JSON.parse(event.body), { temperature: 21.5 });
      assertSystemProperties(event.systemProperties, deviceId);
      assert.equal(event.properties.level, 'storage');
      assert.equal(event.properties['sp ace/+#'], 'a b&c=d ä');
      assert.equal(event.properties.empty, '');
    } finally {
      await client.close();
      await events.close();
    }
  });

  test(`${name}: connecting and closing are told with a reason`, { skip, timeout: 300_000 }, async () => {
    const { deviceId, connectionString } = await createDevice();
    const events = await openEvents();
    const client = Client.fromConnectionString(connectionString, transport);
    try {
      await client.open();
      await events.next('connected', (e) => isConnection(e, deviceId, 'connected'));
      await client.close();
      const left = await events.next('disconnected', (e) => isConnection(e, deviceId, 'disconnected'));
      assert.equal(left.reason, 'client-disconnected');
    } finally {
      await events.close();
    }
  });
}

function message() {
  const made = new Message(JSON.stringify({ temperature: 21.5 }));
  made.messageId = 'm 1/ä';
  made.correlationId = 'c+1';
  made.contentType = 'application/json';
  made.contentEncoding = 'utf-8';
  made.properties.add('level', 'storage');
  made.properties.add('sp ace/+#', 'a b&c=d ä');
  made.properties.add('empty', '');
  return made;
}

/**
 * @param {Record<string, string>} system
 * @param {string} deviceId
 */
function assertSystemProperties(system, deviceId) {
  assert.equal(system['message-id'], 'm 1/ä');
  assert.equal(system['correlation-id'], 'c+1');
  assert.equal(system['content-type'], 'application/json');
  assert.equal(system['content-encoding'], 'utf-8');
  assert.equal(system['iothub-connection-device-id'], deviceId);
  assert.equal(JSON.parse(system['iothub-connection-auth-method']).scope, 'device');
}

/**
 * @param {import('../local-api.mjs').LocalEvent} event
 * @param {string} deviceId
 * @param {string} state
 */
function isConnection(event, deviceId, state) {
  return event.type === 'connection' && event.deviceId === deviceId && event.state === state;
}
