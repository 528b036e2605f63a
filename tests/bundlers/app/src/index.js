/** A small real application: a hub in the page, a device that sends to it. The same for every bundler. */
import { DeviceClient, IotHubError } from 'iothub-wasm';
import { LocalHub } from 'iothub-wasm/hub';

async function main() {
  const hub = await LocalHub.start();
  const telemetry = new Promise((resolve) => {
    hub.addEventListener('telemetry', (event) => resolve(event.data), { once: true });
  });
  const device = await DeviceClient.connect(await hub.connectionString('device-1'), {
    WebSocket: hub.WebSocket,
  });
  await device.send({ body: { bundled: true } });
  const { body } = await telemetry;
  await device.close();
  const error = await device.send({ body: 'late' }).catch((thrown) => thrown);
  return { body, state: device.state, code: error instanceof IotHubError && error.code };
}

main().then(
  (result) => Object.assign(globalThis, { result }),
  (error) => Object.assign(globalThis, { result: { error: String(error?.stack ?? error) } }),
);
