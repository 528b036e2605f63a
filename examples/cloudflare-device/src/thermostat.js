/** One thermostat: its methods, what it does with desired properties, and who it is. */
import { IotHubDeviceObject } from 'iothub-wasm/durable-object';
import { deviceKey } from './keys.js';

/**
 * What the Worker is configured with.
 * @typedef {{ IOTHUB_HOST: string, GROUP_KEY: string, LOCAL_PORT?: string }} Env
 */

/** @extends {IotHubDeviceObject<Env>} */
export class Thermostat extends IotHubDeviceObject {
  /** @override */
  methods = {
    /** @param {import('iothub-wasm').MethodRequest} request */
    setTarget: async ({ payload }) => {
      await this.ctx.storage.put('target', payload.celsius);
      return { status: 200, payload: { target: payload.celsius } };
    },
  };

  /** @override */
  async credentials() {
    const deviceId = this.ctx.id.name;
    const key = await deviceKey(this.env.GROUP_KEY, deviceId);
    const { IOTHUB_HOST: host, LOCAL_PORT: port } = this.env;
    // With a port it is the local hub, which is reached without TLS.
    return { host, deviceId, key, ...(port && { useLocalHub: true, port: Number(port) }) };
  }

  /** @override @param {Record<string, unknown>} patch @param {number} _version */
  async onDesired(patch, _version) {
    if ('interval' in patch) await this.updateReported({ interval: patch.interval });
  }
}
