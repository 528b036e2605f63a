/**
 * What every client of the bench needs to know of the wire: where it connects, who it is, where it sends to. Made in
 * Node, handed to pages as JSON.
 */
import { createHmac } from 'node:crypto';
import { BAG } from './message.mjs';

/** @typedef {ReturnType<typeof wireOf>} Wire */

/** @param {string} connectionString of a device of the local hub */
export function wireOf(connectionString) {
  const fields = Object.fromEntries(
    connectionString.split(';').map((field) => {
      const at = field.indexOf('=');
      return [field.slice(0, at), field.slice(at + 1)];
    }),
  );
  const [host, deviceId, port] = [fields.HostName, fields.DeviceId, fields.Port];
  const audience = encodeURIComponent(`${host}/devices/${deviceId}`);
  const end = Math.floor(Date.now() / 1000) + 3600;
  const key = Buffer.from(fields.SharedAccessKey, 'base64');
  const signature = createHmac('sha256', key).update(`${audience}\n${end}`).digest('base64');
  return {
    connectionString,
    url: `ws://${host}:${port}/$iothub/websocket?iothub-no-client-cert=true`,
    clientId: deviceId,
    userName: `${host}/${deviceId}/?api-version=2021-04-12`,
    password: `SharedAccessSignature sr=${audience}&sig=${encodeURIComponent(signature)}&se=${end}`,
    topic: `devices/${deviceId}/messages/events/${BAG}`,
  };
}
