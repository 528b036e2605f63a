/** A React component that owns a device, in strict mode: it is mounted, unmounted and mounted again. */
import { DeviceClient } from 'iothub-wasm';
import { LocalHub } from 'iothub-wasm/hub';
import { createElement, StrictMode, useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';

/** @param {{ hub: LocalHub, credentials: string }} props */
function Device({ hub, credentials }) {
  const [state, setState] = useState('connecting');
  useEffect(() => {
    const control = new AbortController();
    const connecting = DeviceClient.connect(credentials, {
      WebSocket: hub.WebSocket,
      signal: control.signal,
    });
    connecting
      .then(async (device) => {
        if (control.signal.aborted) return;
        await device.send({ body: 'mounted' });
        setState(device.state);
      })
      .catch((error) => {
        if (error.code !== 'aborted') setState(`${error.code}: ${error.message}`);
      });
    return () => {
      control.abort();
      connecting.then(
        (device) => device.close(),
        () => {}, // it was told above
      );
    };
  }, [hub, credentials]);
  return createElement('p', { id: 'state' }, state);
}

async function main() {
  const hub = await LocalHub.start();
  const credentials = await hub.connectionString('device-1');
  const seen = Object.assign(globalThis, { connections: /** @type {string[]} */ ([]), bodies: 0 });
  hub.addEventListener('connection', ({ data }) => seen.connections.push(String(data.state)));
  hub.addEventListener('telemetry', () => {
    seen.bodies += 1;
  });
  const root = createRoot(/** @type {Element} */ (document.querySelector('#app')));
  root.render(createElement(StrictMode, null, createElement(Device, { hub, credentials })));
  Object.assign(globalThis, { unmount: () => root.unmount() });
}

void main();
