/**
 * Runs a fleet: real clients of the package, started one after the other, each sending at its own pace. One timer drives
 * all of them, and the state is told a few times a second, so that a thousand devices leave the page its frames.
 * The session starts and ends it.
 */
import { DeviceClient } from 'iothub-wasm';
import { problemText } from '../app/problem.js';
import type { Store } from '../app/store.js';
import type { Hub, Provisioned } from '../hub/hub.js';
import { watchFrames } from './frames.js';
import { measuredBy, type Nature, natureOf } from './plan.js';
import { FLEET_STATES, type FleetDevice, type FleetDeviceState } from './state.js';

const TICK_MS = 50;
const MEASURE_EVERY_MS = 250;
/** How long a cell glows after its message was acknowledged. */
const GLOW_MS = 300;

interface Member {
  readonly identity: Provisioned;
  readonly nature: Nature;
  client: DeviceClient | null;
  state: 'off' | 'connecting' | 'connected' | 'trouble';
  problem: string;
  sent: number;
  acknowledged: number;
  failed: number;
  value: number;
  due: number;
  glowsUntil: number;
}

/** Runs until the signal aborts; then every client is closed, and its device is deleted from the hub. */
export async function runFleet(
  hub: Hub,
  ids: readonly string[],
  store: Store,
  signal: AbortSignal,
): Promise<void> {
  const identities = await hub.provisionMany(ids).catch((cause: unknown) => {
    store.dispatch({ type: 'device/send-failed', problem: problemText(cause) });
    return [];
  });
  if (signal.aborted) return;
  const started = performance.now();
  const members = identities.map((identity, index) => memberOf(identity, index, started));
  const frames = watchFrames(signal);
  const beat = setInterval(() => tick(members, performance.now(), signal), TICK_MS);
  const measure = setInterval(() => tell(members, frames, store), MEASURE_EVERY_MS);
  const end = () => {
    clearInterval(beat);
    clearInterval(measure);
    for (const { client } of members) void client?.close({ drain: 0 });
    // A fleet that is gone leaves no dead names behind. What cannot be deleted now is offered in the registry's list.
    for (const { identity } of members) void hub.service?.removeDevice(identity.deviceId).catch(() => {});
  };
  signal.addEventListener('abort', end, { once: true });
}

function memberOf(identity: Provisioned, index: number, started: number): Member {
  const nature = natureOf(index);
  const figures = { sent: 0, acknowledged: 0, failed: 0, value: nature.level, glowsUntil: 0, problem: '' };
  return { identity, nature, client: null, state: 'off', due: started + nature.startsAt, ...figures };
}

function tick(members: readonly Member[], now: number, signal: AbortSignal): void {
  for (const member of members) {
    if (now < member.due) continue;
    if (member.state === 'off') {
      member.state = 'connecting';
      void connect(member, signal);
    } else if (member.client !== null) {
      void send(member, member.client, signal);
    }
    member.due = Math.max(member.due + member.nature.every, now);
  }
}

async function connect(member: Member, signal: AbortSignal): Promise<void> {
  try {
    const { credentials, options } = member.identity;
    const client = await DeviceClient.connect(credentials, { ...options, signal });
    if (signal.aborted) return void client.close({ drain: 0 });
    member.client = client;
    member.state = 'connected';
    client.addEventListener('status', ({ state, detail }) => {
      member.state = state === 'connected' ? 'connected' : 'trouble';
      member.problem = state === 'connected' ? '' : detail;
    });
  } catch (cause) {
    member.state = 'trouble';
    member.problem = problemText(cause);
  }
}

async function send(member: Member, client: DeviceClient, signal: AbortSignal): Promise<void> {
  member.value = measuredBy(member.nature, Date.now());
  member.sent += 1;
  try {
    await client.send({ body: { temperature: member.value } });
    member.acknowledged += 1;
    member.glowsUntil = performance.now() + GLOW_MS;
  } catch (cause) {
    if (signal.aborted) return;
    member.failed += 1;
    member.problem = problemText(cause);
  }
}

function tell(members: readonly Member[], frames: () => number, store: Store): void {
  const now = performance.now();
  const before = store.fleet.peek();
  const total = (figure: 'sent' | 'acknowledged' | 'failed') =>
    members.reduce((sum, member) => sum + member[figure], 0);
  const acknowledged = total('acknowledged');
  const fresh = ((acknowledged - before.acknowledged) * 1_000) / Math.max(1, now - before.measuredAt);
  const chosen = before.chosen === null ? undefined : members[before.chosen];
  const measure = {
    states: Uint8Array.from(members, (member) => FLEET_STATES.indexOf(shownState(member, now))),
    sent: total('sent'),
    failed: total('failed'),
    acknowledged,
    measuredAt: now,
    // Smoothed, because a quarter of a second holds only a quarter of the devices.
    perSecond: Math.round(before.perSecond * 0.7 + fresh * 0.3),
    frames: frames(),
    detail: chosen === undefined ? null : detailOf(chosen, now),
  };
  store.dispatch({ type: 'fleet/measured', measure });
}

function shownState(member: Member, now: number): FleetDeviceState {
  return member.state === 'connected' && member.glowsUntil > now ? 'sending' : member.state;
}

function detailOf(member: Member, now: number): FleetDevice {
  const { sent, acknowledged, failed, value, problem } = member;
  return {
    id: member.identity.deviceId,
    sent,
    acknowledged,
    failed,
    value,
    problem,
    state: shownState(member, now),
  };
}
