/**
 * A hub process for tests that run outside Node (wasm-pack): starts it, hands its first device over,
 * ends it. The process itself is the one that every JavaScript test uses.
 */
import { startHub } from '../../tests/hub-process.mjs';
import { devHub } from './paths.mjs';

/**
 * Runs something while a hub is up; the hub is ended whatever happens.
 * @template T
 * @param {(env: Record<string, string>) => Promise<T>} body receives the environment for the tests
 * @returns {Promise<T>}
 */
export async function withHub(body) {
  const hub = await startHub({ binary: devHub });
  try {
    return await body({
      IOTHUB_TEST_HTTP: hub.ready.http,
      IOTHUB_TEST_DEVICE: hub.ready.devices[0].connectionString,
    });
  } finally {
    await hub.stop();
  }
}
