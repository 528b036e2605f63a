/**
 * The hub in this page: the same hub, compiled to WebAssembly, with sockets that never leave the page. No server, no
 * account, no network; it lives as long as the page. Opened by the session, at the start when nothing else is there.
 */
import type { LocalHub } from 'iothub-wasm/hub';
import { type Hub, NO_OTHER_CLIENT, type Provisioned } from './hub.js';
import { readHubEvent } from './hub-event.js';
import { type LocalRequest, provision, provisionMany, serviceSide } from './local-api.js';

/** Any port will do: nothing is dialled. */
const NO_PORT = ';UseLocalHub=true;Port=1';

/** Started once and kept: its devices and twins outlive a switch to another hub and back. */
let started: Promise<LocalHub> | null = null;

export async function openPageHub(): Promise<Hub> {
  started ??= start();
  const hub = await started;
  const request = requestTo(hub);
  return {
    kind: 'page',
    place: '',
    provision: async (deviceId) => inPage(hub, deviceId, await provision(request, deviceId)),
    provisionMany: async (deviceIds) =>
      [...(await provisionMany(request, deviceIds))].map(([deviceId, text]) => inPage(hub, deviceId, text)),
    listen: (told, signal) => {
      const life = crypto.randomUUID();
      let count = 0;
      const listener = (event: Event) => {
        count += 1;
        const read = readHubEvent(`${life}-${count}`, 'data' in event ? event.data : null);
        if (read !== null) told.event(read);
      };
      hub.addEventListener('event', listener);
      signal.addEventListener('abort', () => hub.removeEventListener('event', listener), { once: true });
      told.stream('open');
    },
    service: serviceSide(request),
  };
}

function inPage(hub: LocalHub, deviceId: string, connectionString: string): Provisioned {
  const credentials = connectionString.replace(/;UseLocalHub=.*$/i, '') + NO_PORT;
  return { deviceId, credentials, options: { WebSocket: hub.WebSocket, ...NO_OTHER_CLIENT } };
}

/** Loaded when it is wanted: whoever uses another hub does not pay for this one. */
async function start(): Promise<LocalHub> {
  const { LocalHub } = await import('iothub-wasm/hub');
  return LocalHub.start({ firstDevice: false });
}

function requestTo(hub: LocalHub): LocalRequest {
  return async ({ method, path, body, update }) => {
    const headers: Record<string, string> = { 'content-type': 'application/json' };
    if (update) headers['if-match'] = '*';
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await hub.fetch(`/local/${path}`, { method, headers, ...sent });
    return { status: answer.status, text: answer.text() };
  };
}
