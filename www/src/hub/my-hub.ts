/**
 * Someone's own hub in Azure, as far as a page can reach it: the device side. The service side of a real hub answers no
 * page (no CORS headers, AMQP below), so there is none here. Credentials stay in memory.
 */
import type { Credentials } from 'iothub-wasm';
import { type Hub, HubProblem } from './hub.js';

export interface MyHub {
  readonly host: string;
  readonly deviceId: string;
  readonly credentials: Credentials;
}

export function openMyHub({ host, deviceId, credentials }: MyHub): Hub {
  return {
    kind: 'mine',
    place: host,
    provision: () => Promise.resolve({ deviceId, credentials, options: {} }),
    provisionMany: () => Promise.resolve([]),
    listen: () => {},
    service: null,
  };
}

/** Asks an address for tokens, so that no key comes near the page: `GET url?audience=…&expiresAt=…` answers the token. */
export function tokensFrom(
  url: URL,
): (request: { audience: string; expiresAt: number; signal: AbortSignal }) => Promise<string> {
  return async ({ audience, expiresAt, signal }) => {
    const asked = new URL(url);
    asked.searchParams.set('audience', audience);
    asked.searchParams.set('expiresAt', String(expiresAt));
    const response = await fetch(asked, { signal });
    if (!response.ok) throw new HubProblem(`${url.origin} answered ${response.status} instead of a token`);
    return (await response.text()).trim();
  };
}
