/**
 * What the tests with the official SDKs share: the hub that `main.mjs` started, devices made by
 * `azure-iothub`, and a deadline for every wait. The SDKs are used as released, unchanged.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import device from 'azure-iot-device';
import { Mqtt, MqttWs } from 'azure-iot-device-mqtt';
import iothub from 'azure-iothub';
import { LocalEvents } from '../local-api.mjs';

/** @typedef {import('../hub-process.mjs').ReadyLine} ReadyLine */

/** Why the tests cannot run here; false when they can. */
export const skip = process.env.IOTHUB_SKIP ?? false;

/** @type {ReadyLine} */
export const ready = JSON.parse(process.env.IOTHUB_READY ?? '{}');

/** The two transports, by the name a reader knows. */
export const TRANSPORTS = [
  { name: 'Mqtt on 8883', transport: Mqtt },
  { name: 'MqttWs on 443', transport: MqttWs },
];

export const { Client, Message } = device;

/** A registry client that signs with the owner's key. */
export function registry() {
  return iothub.Registry.fromConnectionString(ready.serviceConnectionString);
}

/**
 * Makes a device through the service SDK.
 * @param {string} [prefix]
 */
export async function createDevice(prefix = 'sdk') {
  const deviceId = `${prefix}-${randomUUID().slice(0, 8)}`;
  const { responseBody } = await registry().create({ deviceId });
  const key = responseBody.authentication?.symmetricKey?.primaryKey;
  if (!key) throw new Error(`the hub made ${deviceId} without a primary key`);
  return {
    deviceId,
    key,
    connectionString: `HostName=localhost;DeviceId=${deviceId};SharedAccessKey=${key}`,
  };
}

/** Opens the hub's events, to be closed after the test. */
export function openEvents() {
  return LocalEvents.open(ready.http);
}

/**
 * The first of an emitter's next events, with a deadline.
 * @param {import('node:events').EventEmitter} emitter
 * @param {string} name
 */
export async function firstEvent(emitter, name) {
  const [value] = await once(emitter, name, { signal: AbortSignal.timeout(60_000) });
  return value;
}
