/**
 * The Worker in front of the devices:
 *   POST /devices/{id}/telemetry   a webhook of a gateway or a vendor's cloud; stored before it is answered
 *   GET  /devices/{id}             status, or with a WebSocket upgrade the live state for a page
 *   GET  /devices/{id}/token       token broker: a short SAS token for a page; the key stays here
 */
import { deviceKey, signToken } from './keys.js';

export { Thermostat } from './thermostat.js';

const TOKEN_SECONDS = 600;
const ROUTE = /^\/devices\/([A-Za-z0-9._-]{1,128})(?:\/(telemetry|token))?$/;

/** @typedef {import('./thermostat.js').Env & { DEVICES: any, WEBHOOK_SECRET: string, SESSION_SECRET: string }} Env */

export default {
  /** @param {Request} request @param {Env} env @returns {Promise<Response>} */
  async fetch(request, env) {
    const [, deviceId, action] = ROUTE.exec(new URL(request.url).pathname) ?? [];
    if (deviceId === undefined) return new Response('no such path', { status: 404 });
    if (action === 'telemetry') return webhook(request, env, deviceId);
    // Put your own session check here: may this user see this device?
    if (!isAllowed(request, env.SESSION_SECRET)) return new Response('sign in first', { status: 401 });
    return action === 'token' ? broker(env, deviceId) : env.DEVICES.getByName(deviceId).fetch(request);
  },
};

/** @param {Request} request @param {Env} env @param {string} deviceId */
async function webhook(request, env, deviceId) {
  if (request.method !== 'POST') return new Response('POST a JSON body', { status: 405 });
  if (!isAllowed(request, env.WEBHOOK_SECRET)) return new Response('wrong secret', { status: 401 });
  const { messageId } = await env.DEVICES.getByName(deviceId).send({ body: await request.json() });
  return Response.json({ messageId }, { status: 202 });
}

/** @param {Env} env @param {string} deviceId */
async function broker(env, deviceId) {
  const expiresAt = Math.floor(Date.now() / 1000) + TOKEN_SECONDS;
  const key = await deviceKey(env.GROUP_KEY, deviceId);
  const token = await signToken(key, `${env.IOTHUB_HOST}/devices/${deviceId}`, expiresAt);
  return Response.json({ token, expiresAt }, { headers: { 'cache-control': 'no-store' } });
}

/** @param {Request} request @param {string} secret */
function isAllowed(request, secret) {
  const given = new TextEncoder().encode(request.headers.get('authorization') ?? '');
  const wanted = new TextEncoder().encode(`Bearer ${secret}`);
  return given.length === wanted.length && crypto.subtle.timingSafeEqual(given, wanted);
}
