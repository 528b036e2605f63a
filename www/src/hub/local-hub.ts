/**
 * The hub on this computer: `iothub-local`, over HTTP. Opened by the session when the page is served by such a hub, or
 * when someone switches to it.
 */

import { type Hub, HubProblem, NO_OTHER_CLIENT, type StreamState } from './hub.js';
import { EVENT_TYPES, isRecord, readHubEvent } from './hub-event.js';
import { call, type LocalRequest, provision, provisionMany, serviceSide } from './local-api.js';

const ANSWER_WITHIN_MS = 5_000;

/** Asks the hub at `base` (an absolute address) for itself; fails with a cure when there is none. */
export async function openLocalHub(base: URL): Promise<Hub> {
  const request = requestTo(base);
  await call(request, 'GET', 'info');
  return {
    kind: 'local',
    place: base.host,
    provision: async (deviceId) => ({
      deviceId,
      credentials: reachable(await provision(request, deviceId), base),
      options: NO_OTHER_CLIENT,
    }),
    provisionMany: async (deviceIds) =>
      [...(await provisionMany(request, deviceIds))].map(([deviceId, text]) => ({
        deviceId,
        credentials: reachable(text, base),
        options: NO_OTHER_CLIENT,
      })),
    listen: (told, signal) => listen(base, told, signal),
    service: serviceSide(request, (text) => reachable(text, base)),
  };
}

/**
 * Whether a hub of ours answers there. The page is built with a file of the same name that says no, so that a plain
 * file server has an answer too, and nobody's console shows a 404 that means nothing.
 */
export async function isLocalHub(base: URL): Promise<boolean> {
  try {
    const answer = await requestTo(base)({ method: 'GET', path: 'info' });
    const info = parsed(answer.text);
    return answer.status === 200 && isRecord(info) && typeof info.hostName === 'string';
  } catch {
    return false;
  }
}

function requestTo(base: URL): LocalRequest {
  return async ({ method, path, body, update, withinMs = ANSWER_WITHIN_MS }) => {
    const headers = new Headers(body === undefined ? {} : { 'content-type': 'application/json' });
    if (update) headers.set('if-match', '*');
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const init = { method, headers, signal: AbortSignal.timeout(withinMs), ...sent };
    try {
      const response = await fetch(new URL(`local/${path}`, base), init);
      return { status: response.status, text: await response.text() };
    } catch (cause) {
      throw new HubProblem(`no hub answers at ${base.host}: start iothub-local, then try again`, { cause });
    }
  };
}

/** The connection string with what tells the client to stay on this computer: plain WebSocket, and the hub's port. */
export function reachable(connectionString: string, base: URL): string {
  if (/;UseLocalHub=true/i.test(connectionString)) return connectionString;
  return `${connectionString};UseLocalHub=true;Port=${base.port === '' ? '80' : base.port}`;
}

function listen(base: URL, told: Parameters<Hub['listen']>[0], signal: AbortSignal): void {
  told.stream('opening');
  // A hub that was restarted counts its events from one again; lists here need names of their own.
  const life = crypto.randomUUID();
  let count = 0;
  const source = new EventSource(new URL('local/events', base));
  const say = (state: StreamState) => () => told.stream(state);
  source.addEventListener('open', say('open'));
  source.addEventListener('error', say('lost'));
  for (const type of EVENT_TYPES) {
    source.addEventListener(type, ({ data }: MessageEvent<string>) => {
      count += 1;
      const event = readHubEvent(`${life}-${count}`, parsed(data));
      if (event !== null) told.event(event);
    });
  }
  signal.addEventListener('abort', () => source.close(), { once: true });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
