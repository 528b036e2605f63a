/** A React component that owns a device, in strict mode: it is mounted, unmounted and mounted again. */
import { LocalHub } from 'iothub-wasm/hub';
import { createElement, StrictMode, useEffect } from 'react';
import { createRoot } from 'react-dom/client';
// @ts-expect-error the test puts examples/react/use-device.js beside this file
import { useDevice } from './use-device.js';

/** @param {{ options: import('iothub-wasm').ConnectOptions, credentials: string }} props */
function Device({ options, credentials }) {
  const { device, state, error } = useDevice(credentials, options);
  useEffect(() => {
    void device?.send({ body: 'mounted' });
    return () => {};
  }, [device]);
  return createElement('p', { id: 'state' }, error === null ? state : error.message);
}

async function main() {
  const hub = await LocalHub.start();
  const credentials = await hub.connectionString('device-1');
  const options = { WebSocket: hub.WebSocket };
  const seen = Object.assign(globalThis, { connections: /** @type {string[]} */ ([]), bodies: 0 });
  hub.addEventListener('connection', ({ data }) => seen.connections.push(String(data.state)));
  hub.addEventListener('telemetry', () => {
    seen.bodies += 1;
  });
  const root = createRoot(/** @type {Element} */ (document.querySelector('#app')));
  root.render(createElement(StrictMode, null, createElement(Device, { options, credentials })));
  Object.assign(globalThis, { unmount: () => root.unmount() });
}

void main();
