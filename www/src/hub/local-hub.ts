/**
 * The hub on this computer: `iothub-local`, spoken to over its `/local` addresses. Opened by the session when the page
 * is served by such a hub, or when someone switches to it.
 */

import { type CloudToDevice, type Hub, HubProblem, type StreamState } from './hub.js';
import { EVENT_TYPES, isRecord, readHubEvent } from './hub-event.js';
import { createServiceRest } from './service-rest.js';

const ANSWER_WITHIN_MS = 5_000;

/** Asks the hub at `base` (an absolute address) for itself; fails with a cure when there is none. */
export async function openLocalHub(base: URL): Promise<Hub> {
  const hub = await call(base, 'hub', { method: 'GET' });
  const connectionString = isRecord(hub) ? hub.serviceConnectionString : undefined;
  return {
    kind: 'local',
    place: base.host,
    provision: (deviceId) => provision(base, deviceId),
    listen: (told, signal) => listen(base, told, signal),
    service: {
      ...createServiceRest(base, typeof connectionString === 'string' ? connectionString : ''),
      sendCloudToDevice: async (deviceId, message) => {
        await call(base, `devices/${encodeURIComponent(deviceId)}/messages`, post(messageJson(message)));
      },
    },
  };
}

async function provision(base: URL, deviceId: string): Promise<string> {
  const made = await call(base, 'devices', post({ deviceId }));
  const connectionString = isRecord(made) ? made.connectionString : undefined;
  if (typeof connectionString !== 'string') {
    throw new HubProblem(
      `${base.host} made the device ${deviceId} but gave no connection string: update iothub-local`,
    );
  }
  return connectionString;
}

function listen(base: URL, told: Parameters<Hub['listen']>[0], signal: AbortSignal): void {
  told.stream('opening');
  const source = new EventSource(new URL('local/events', base));
  const say = (state: StreamState) => () => told.stream(state);
  source.addEventListener('open', say('open'));
  source.addEventListener('error', say('lost'));
  for (const type of EVENT_TYPES) {
    source.addEventListener(type, ({ lastEventId, data }: MessageEvent<string>) => {
      const event = readHubEvent(lastEventId, parsed(data));
      if (event !== null) told.event(event);
    });
  }
  signal.addEventListener('abort', () => source.close(), { once: true });
}

function messageJson(message: CloudToDevice): Record<string, unknown> {
  const { body, properties, ...rest } = message;
  return { body, ...rest, ...(Object.keys(properties).length > 0 ? { properties } : {}) };
}

const post = (json: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(json),
});

/** One call to `/local/…`: its JSON answer, or a problem that names cause and cure. */
async function call(base: URL, path: string, init: RequestInit): Promise<unknown> {
  const response = await fetch(new URL(`local/${path}`, base), {
    ...init,
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  }).catch((cause: unknown) => {
    throw new HubProblem(`no hub answers at ${base.host}: start iothub-local, then try again`, { cause });
  });
  const text = await response.text();
  if (!response.ok) {
    throw new HubProblem(
      `the hub at ${base.host} refused ${path} with ${response.status}: ${sentence(text)}`,
    );
  }
  return text === '' ? null : parsed(text);
}

function sentence(text: string): string {
  const json = parsed(text);
  const said = isRecord(json) ? (json.message ?? json.Message ?? json.error) : undefined;
  return typeof said === 'string' ? said : text.slice(0, 200) || 'it did not say why';
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
