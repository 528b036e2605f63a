/**
 * The session: opens a hub, makes this tab's device in it, listens, and runs the device; on a switch everything of the
 * old hub ends first. Views call the few intents it hands out; `main.tsx` starts it.
 */
import { runDevice } from '../device/session.js';
import { type Hub, HubProblem, type ServiceSide } from '../hub/hub.js';
import type { HubEvent } from '../hub/hub-event.js';
import { openLocalHub } from '../hub/local-hub.js';
import { problemText } from './problem.js';
import type { Store } from './store.js';

export interface Session {
  open(): Promise<void>;
  /** What a service may do with the open hub. Fails where a page cannot reach the service side. */
  service(): ServiceSide;
  /** Reads the service's view of this device's twin again. */
  refreshTwin(): Promise<void>;
}

export function createSession(store: Store, page: URL): Session {
  let hub: Hub | null = null;
  let life = new AbortController();
  const ownId = () => store.device.peek().id;

  const service = (): ServiceSide => {
    if (hub?.service == null)
      throw new HubProblem('the service side of this hub cannot be reached from a page');
    return hub.service;
  };

  async function refreshTwin(): Promise<void> {
    store.dispatch({ type: 'service/twin', twin: await service().twin(ownId()) });
  }

  function onEvent(event: HubEvent): void {
    store.dispatch({ type: 'hub/event', event, at: Date.now() });
    if (event.type === 'twin' && event.deviceId === ownId()) refreshTwin().catch(() => {});
  }

  async function run(signal: AbortSignal): Promise<void> {
    const opened = await openLocalHub(hubAddress(page));
    signal.throwIfAborted();
    hub = opened;
    store.dispatch({ type: 'hub/opened', place: opened.place });
    opened.listen(
      { event: onEvent, stream: (stream) => store.dispatch({ type: 'hub/stream', stream }) },
      signal,
    );
    const connectionString = await opened.provision(ownId());
    if (opened.service !== null) refreshTwin().catch(() => {});
    await runDevice(connectionString, store, signal);
  }

  async function open(): Promise<void> {
    life.abort();
    life = new AbortController();
    const { signal } = life;
    store.dispatch({ type: 'hub/opening', kind: 'local' });
    try {
      await run(signal);
    } catch (cause) {
      if (signal.aborted) return;
      life.abort();
      store.dispatch({ type: 'hub/failed', problem: problemText(cause) });
    }
  }

  return { open, service, refreshTwin };
}

/** The hub that served this page, unless the address names another (`?hub=http://127.0.0.1:4280`). */
function hubAddress(page: URL): URL {
  return new URL(page.searchParams.get('hub') ?? './', page);
}
