/**
 * The session: opens a hub, makes this tab's device in it, listens, and runs the device; on a switch everything of the
 * old hub ends first. Views call the few intents it hands out; `main.tsx` starts it.
 */
import { type RunningDevice, runDevice } from '../device/session.js';
import { type Hub, HubProblem, type Provisioned, type ServiceSide } from '../hub/hub.js';
import type { HubEvent } from '../hub/hub-event.js';
import { isLocalHub, openLocalHub } from '../hub/local-hub.js';
import { type MyHub, openMyHub } from '../hub/my-hub.js';
import { openPageHub } from '../hub/page-hub.js';
import { firstKind, localAddress } from '../hub/which-hub.js';
import { problemText } from './problem.js';
import type { Store } from './store.js';

/** Which hub to open, with what only its kind needs. */
export type Choice = { readonly kind: 'page' | 'local' } | { readonly kind: 'mine'; readonly hub: MyHub };

export interface Session {
  open(choice: Choice): Promise<void>;
  /** Opens the hub that fits where this page came from. */
  openFirst(): Promise<void>;
  /** Opens the same hub again. */
  retry(): Promise<void>;
  /** Ends what runs and waits for someone to name their hub. */
  ask(): void;
  /** What a service may do with the open hub. Fails where a page cannot reach the service side. */
  service(): ServiceSide;
  /** Switches the device off and on again. */
  restartDevice(): void;
  /** Acknowledges a held message, or leaves it to come again on the next link. */
  settleMessage(key: string, accepted: boolean): void;
  /** How this device connects, for trouble on purpose (a second client with the same name). */
  identity(): Provisioned;
  /** Reads the service's view of this device's twin again. */
  refreshTwin(): Promise<void>;
}

export function createSession(store: Store, page: URL): Session {
  const tabId = store.device.peek().id;
  let hub: Hub | null = null;
  let provisioned: Provisioned | null = null;
  let device: RunningDevice | null = null;
  let life = new AbortController();
  let latest: Choice = { kind: 'page' };
  const ownId = () => store.device.peek().id;

  const service = (): ServiceSide => {
    if (hub?.service == null) throw new HubProblem('a page cannot reach the service side of this hub');
    return hub.service;
  };

  const identity = (): Provisioned => {
    if (provisioned === null) throw new HubProblem('no hub is open');
    return provisioned;
  };

  async function refreshTwin(): Promise<void> {
    store.dispatch({ type: 'service/twin', twin: await service().twin(ownId()) });
  }

  function onEvent(event: HubEvent): void {
    store.dispatch({ type: 'hub/event', event, at: Date.now() });
    if (event.type === 'twin' && event.deviceId === ownId()) refreshTwin().catch(() => {});
  }

  async function run(choice: Choice, signal: AbortSignal): Promise<void> {
    const opened = await openHub(choice, page);
    signal.throwIfAborted();
    hub = opened;
    opened.listen(
      { event: onEvent, stream: (stream) => store.dispatch({ type: 'hub/stream', stream }) },
      signal,
    );
    provisioned = await opened.provision(tabId);
    signal.throwIfAborted();
    const { deviceId } = provisioned;
    store.dispatch({ type: 'hub/opened', place: opened.place, deviceId, service: opened.service !== null });
    if (opened.service !== null) refreshTwin().catch(() => {});
    device = await runDevice(provisioned, store, signal);
  }

  function end(): AbortSignal {
    life.abort();
    life = new AbortController();
    hub = null;
    provisioned = null;
    device = null;
    return life.signal;
  }

  async function open(choice: Choice): Promise<void> {
    const signal = end();
    latest = choice;
    store.dispatch({ type: 'hub/opening', kind: choice.kind });
    try {
      await run(choice, signal);
    } catch (cause) {
      if (signal.aborted) return;
      life.abort();
      store.dispatch({ type: 'hub/failed', problem: problemText(cause) });
    }
  }

  const ask = () => {
    end();
    store.dispatch({ type: 'hub/asked' });
  };

  const openFirst = async () => {
    const kind = await firstKind(page, isLocalHub);
    if (kind === 'mine') ask();
    else await open({ kind });
  };

  return {
    open,
    openFirst,
    retry: () => open(latest),
    ask,
    restartDevice: () => device?.restart(),
    settleMessage: (key, accepted) => {
      device?.settleMessage(key, accepted);
      store.dispatch({ type: 'device/message-settled', key, accepted });
    },
    service,
    identity,
    refreshTwin,
  };
}

function openHub(choice: Choice, page: URL): Promise<Hub> | Hub {
  switch (choice.kind) {
    case 'page':
      return openPageHub();
    case 'local':
      return openLocalHub(localAddress(page));
    case 'mine':
      return openMyHub(choice.hub);
  }
}
