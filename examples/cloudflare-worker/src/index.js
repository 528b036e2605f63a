// A Worker that sends what it is given to IoT Hub: curl -d '{"temperature":21.5}' http://localhost:8787
import { DeviceClient } from 'iothub-wasm';

export default {
  /** @param {Request} request @param {{ CONNECTION_STRING: string }} env @returns {Promise<Response>} */
  async fetch(request, env) {
    const body = await request.json().catch(() => undefined);
    if (body === undefined) return new Response('POST a JSON body\n', { status: 400 });
    await DeviceClient.sendOnce(env.CONNECTION_STRING, [{ body }]);
    return new Response('sent\n', { status: 202 });
  },
};
