/** A React hook: one device for as long as a component is mounted. React's strict mode mounts twice, which is fine. */
import { DeviceClient } from 'iothub-wasm';
import { useEffect, useState } from 'react';

/**
 * @param {import('iothub-wasm').Credentials} credentials keep it stable: another value connects again
 * @param {import('iothub-wasm').ConnectOptions} [options] likewise
 * @returns {{ device: DeviceClient | null, state: string, error: Error | null }}
 */
export function useDevice(credentials, options) {
  const [device, setDevice] = useState(/** @type {DeviceClient | null} */ (null));
  const [state, setState] = useState('connecting');
  const [error, setError] = useState(/** @type {Error | null} */ (null));
  useEffect(() => {
    const control = new AbortController();
    const connecting = DeviceClient.connect(credentials, {
      ...options,
      signal: control.signal,
      // Listen before the first connection, so that no status is missed.
      prepare: (made) =>
        made.addEventListener('status', (event) => {
          if (!control.signal.aborted) setState(event.state);
        }),
    });
    connecting.then(
      (made) => {
        if (!control.signal.aborted) setDevice(made);
      },
      (failure) => {
        if (!control.signal.aborted) setError(failure);
      },
    );
    return () => {
      control.abort();
      setDevice(null);
      connecting.then(
        (made) => made.close(),
        () => {}, // told above
      );
    };
  }, [credentials, options]);
  return { device, state, error };
}
