/**
 * Enters a device whose key is derived from GROUP_KEY: node create-device.mjs truck-7
 * At the local hub it is created; for a hub of Azure the command is printed.
 */
import { deviceKey } from './src/keys.js';

process.loadEnvFile('.dev.vars');
const { GROUP_KEY = '', IOTHUB_HOST = '', LOCAL_PORT } = process.env;
const deviceId = process.argv[2] ?? 'truck-7';
const primaryKey = await deviceKey(GROUP_KEY, deviceId);
if (LOCAL_PORT) {
  const authentication = { type: 'sas', symmetricKey: { primaryKey, secondaryKey: primaryKey } };
  const response = await fetch(`http://127.0.0.1:${LOCAL_PORT}/local/devices/${deviceId}`, {
    method: 'PUT',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ deviceId, authentication }),
  });
  console.log(response.ok ? `created ${deviceId}` : await response.text());
} else {
  const hub = IOTHUB_HOST.split('.')[0];
  const keys = `--primary-key "${primaryKey}" --secondary-key "${primaryKey}"`;
  console.log(`az iot hub device-identity create --hub-name ${hub} --device-id ${deviceId} ${keys}`);
}
