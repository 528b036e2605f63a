/**
 * The session: opens a hub, makes this tab's device in it, listens, and runs the device; on a switch everything of the
 * old hub ends first. Views call the few intents it hands out; `main.tsx` starts it.
 */
import { effect } from '@preact/signals';
import { type RunningDevice, runDevice } from '../device/session.js';
import { runFleet } from '../fleet/run.js';
import { type Hub, HubProblem, type Provisioned, type ServiceSide } from '../hub/hub.js';
import type { HubEvent } from '../hub/hub-event.js';
import { isLocalHub, openLocalHub } from '../hub/local-hub.js';
import { type MyHub, openMyHub } from '../hub/my-hub.js';
import { openPageHub } from '../hub/page-hub.js';
import { firstKind, localAddress } from '../hub/which-hub.js';
import { HEALTHY, healing } from './heal.js';
import { problemText } from './problem.js';
import type { Store } from './store.js';

/** Which hub to open, with what only its kind needs. */
export type Choice = { readonly kind: 'page' | 'local' } | { readonly kind: 'mine'; readonly hub: MyHub };

/** What runs against one hub: all of it ends with the signal. */
interface Life {
  readonly end: AbortController;
  hub: Hub | null;
  identity: Provisioned | null;
  device: RunningDevice | null;
  fleet: AbortController;
}

export class Session {
  readonly #store: Store;
  readonly #page: URL;
  readonly #tabId: string;
  readonly #fleetPrefix: string;
  #life = newLife();
  #latest: Choice = { kind: 'page' };

  constructor(store: Store, page: URL) {
    this.#store = store;
    this.#page = page;
    this.#tabId = store.device.peek().id;
    this.#fleetPrefix = `fleet-${this.#tabId.replace('page-', '')}-`;
    this.#heal();
  }

  /** Opens the hub that fits where this page came from. */
  async openFirst(): Promise<void> {
    const kind = await firstKind(this.#page, isLocalHub);
    if (kind === 'mine') this.ask();
    else await this.open({ kind });
  }

  open(choice: Choice): Promise<void> {
    return this.#open(choice, false);
  }

  /** Opens the same hub again; what was seen of it stays. */
  retry(): Promise<void> {
    return this.#open(this.#latest, true);
  }

  async #open(choice: Choice, again: boolean): Promise<void> {
    const life = this.#begin();
    this.#latest = choice;
    this.#store.dispatch({ type: 'hub/opening', kind: choice.kind, again });
    try {
      await this.#run(choice, life);
    } catch (cause) {
      if (life.end.signal.aborted) return;
      life.end.abort();
      this.#store.dispatch({ type: 'hub/failed', problem: problemText(cause) });
    }
  }

  /** Ends what runs and waits for someone to name their hub. */
  ask(): void {
    this.#begin();
    this.#store.dispatch({ type: 'hub/asked' });
  }

  /** Switches the device off and on again. */
  restartDevice(): void {
    const { device } = this.#life;
    // Before its first connection there is no device to restart, only an attempt to begin anew.
    if (device === null) void this.retry();
    else device.restart();
  }

  /** Acknowledges a held message, or leaves it to come again on the next link. */
  settleMessage(key: string, accepted: boolean): void {
    this.#life.device?.settleMessage(key, accepted);
    this.#store.dispatch({ type: 'device/message-settled', key, accepted });
  }

  /** What a service may do with the open hub. Fails where a page cannot reach the service side. */
  service(): ServiceSide {
    const service = this.#life.hub?.service;
    if (service == null) throw new HubProblem('a page cannot reach the service side of this hub');
    return service;
  }

  /** How this device connects, for trouble on purpose (a second client with the same name). */
  identity(): Provisioned {
    if (this.#life.identity === null) throw new HubProblem('no hub is open');
    return this.#life.identity;
  }

  startFleet(size: number): void {
    const { hub, end } = this.#life;
    if (hub === null) return;
    this.#life.fleet.abort();
    this.#life.fleet = new AbortController();
    const signal = AbortSignal.any([this.#life.fleet.signal, end.signal]);
    const numbers = Array.from({ length: size }, (_, index) => String(index + 1).padStart(4, '0'));
    this.#store.dispatch({ type: 'fleet/started', size });
    void runFleet(
      hub,
      numbers.map((number) => this.#fleetPrefix + number),
      this.#store,
      signal,
    );
  }

  stopFleet(): void {
    this.#life.fleet.abort();
    this.#store.dispatch({ type: 'fleet/stopped' });
  }

  /** Follows the state for as long as the page lives. */
  #heal(): void {
    let healed = HEALTHY;
    effect(() => {
      healed = healing(healed, this.#store.hub.value, this.#store.device.value.status);
      if (!healed.now) return;
      healed = HEALTHY;
      queueMicrotask(() => void this.retry());
    });
  }

  #begin(): Life {
    this.#life.end.abort();
    this.#life = newLife();
    return this.#life;
  }

  async #run(choice: Choice, life: Life): Promise<void> {
    const { signal } = life.end;
    const store = this.#store;
    const hub = await openHub(choice, this.#page);
    signal.throwIfAborted();
    life.hub = hub;
    const event = (told: HubEvent) => this.#onEvent(told, life);
    hub.listen({ event, stream: (stream) => store.dispatch({ type: 'hub/stream', stream }) }, signal);
    const identity = await hub.provision(this.#tabId);
    signal.throwIfAborted();
    life.identity = identity;
    const { deviceId } = identity;
    store.dispatch({ type: 'hub/opened', place: hub.place, deviceId, service: hub.service !== null });
    void this.#readTwin(life);
    life.device = await runDevice(identity, store, signal);
  }

  #onEvent(event: HubEvent, life: Life): void {
    // A thousand devices would drown the one that is looked at; the fleet has its own figures.
    if (event.deviceId?.startsWith(this.#fleetPrefix)) return;
    this.#store.dispatch({ type: 'hub/event', event, at: Date.now() });
    if (event.type === 'twin' && event.deviceId === life.identity?.deviceId) void this.#readTwin(life);
  }

  /** The service's view of this device's twin. A hub that does not answer is told by its stream, not here. */
  async #readTwin({ hub, identity, end }: Life): Promise<void> {
    if (hub?.service == null || identity === null) return;
    const twin = await hub.service.twin(identity.deviceId).catch(() => null);
    if (twin !== null && !end.signal.aborted) this.#store.dispatch({ type: 'service/twin', twin });
  }
}

function newLife(): Life {
  return {
    end: new AbortController(),
    hub: null,
    identity: null,
    device: null,
    fleet: new AbortController(),
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
