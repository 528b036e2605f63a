/** Which hub a page opens by itself. Pure but for the one question it is given; `app/run.ts` asks. */
import type { HubKind } from './hub.js';

/** Where `iothub-local` listens unless told otherwise. */
const USUAL = 'http://127.0.0.1:4280/';

/** Where a hub on this computer is expected: `?hub=http://…` names it, else who served this page, else the usual port. */
export function localAddress(page: URL): URL {
  const named = page.searchParams.get('hub');
  if (named !== null && URL.canParse(named)) return new URL(named);
  return isLoopback(page.hostname) ? new URL('./', page) : new URL(USUAL);
}

/**
 * `?hub=page` wants the hub in this page, `?hub=http://…` another one on this computer. A page from this computer may
 * have been served by a hub: it is asked. A page from elsewhere needs no asking.
 */
export async function firstKind(page: URL, answers: (base: URL) => Promise<boolean>): Promise<HubKind> {
  const named = page.searchParams.get('hub');
  if (named === 'page') return 'page';
  if (named !== null && URL.canParse(named)) return 'local';
  if (!isLoopback(page.hostname)) return 'page';
  return (await answers(localAddress(page))) ? 'local' : 'page';
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(\.\d+){3}$/.test(host);
}
