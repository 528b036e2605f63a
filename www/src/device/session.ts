/**
 * The device itself: one `DeviceClient` that connects, samples the sensors, sends, takes messages in, follows its twin
 * and answers methods. `app/run.ts` starts one for each hub that is opened and ends it with the signal. It reads and
 * writes state only through the store.
 */
import { type C2DMessage, DeviceClient } from 'iothub-wasm';
import { problemText } from '../app/problem.js';
import type { Store } from '../app/store.js';
import type { Provisioned } from '../hub/hub.js';
import { HeldMessages } from './held.js';
import { answerMethods } from './methods.js';
import { pause } from './pause.js';
import type { ReceivedMessage, StatusState } from './state.js';
import { followDesired, readTwin } from './twin.js';

const REBOOT_TAKES_MS = 1_500;
const MEASURE_EVERY_MS = 250;
/** A client that is switched off may finish what flies, but not hold up the next one. */
const CLOSES_WITHIN_MS = 500;

/** A device that runs; switched off and on again it is a new client. */
export interface RunningDevice {
  restart(): void;
  /** Acknowledges a held message, or leaves it to come again. */
  settleMessage(key: string, accepted: boolean): void;
}

/** Runs the device until `signal` aborts; throws when its first connect is refused. */
export async function runDevice(
  identity: Provisioned,
  store: Store,
  signal: AbortSignal,
): Promise<RunningDevice> {
  let power = new AbortController();
  const held = new HeldMessages();
  let device: DeviceClient | null = null;
  const switchOn = async () => {
    const on = AbortSignal.any([signal, power.signal]);
    device = await powered(identity, store, held, on, () => void restart());
  };
  const restart = async () => {
    power.abort();
    power = new AbortController();
    const on = AbortSignal.any([signal, power.signal]);
    tellStatus(store, 'closed', 'restart');
    await device?.close({ drain: CLOSES_WITHIN_MS });
    await pause(REBOOT_TAKES_MS, on);
    if (on.aborted) return;
    tellStatus(store, 'connecting', 'restart');
    await switchOn().catch((cause: unknown) => {
      if (!on.aborted) store.dispatch({ type: 'hub/failed', problem: problemText(cause) });
    });
  };
  signal.addEventListener('abort', () => void device?.close({ drain: CLOSES_WITHIN_MS }), { once: true });
  await switchOn();
  return {
    restart: () => void restart(),
    settleMessage: (key, accepted) => held.settle(key, accepted),
  };
}

function tellStatus(store: Store, state: StatusState, reason: string): void {
  store.dispatch({
    type: 'device/status',
    status: { state, reason, detail: '', retryAt: null },
    at: Date.now(),
  });
}

/** One life of the device, from power on to power off. What listens is there before the first packet leaves. */
async function powered(
  identity: Provisioned,
  store: Store,
  held: HeldMessages,
  on: AbortSignal,
  restart: () => void,
): Promise<DeviceClient> {
  const device = await DeviceClient.connect(identity.credentials, {
    ...identity.options,
    signal: on,
    prepare: (made) => {
      listen(made, store, held, on);
      answerMethods(made, store, restart, on);
      followDesired(made, store, on);
    },
  });
  void readTwin(device, store, on);
  void keepSampling(device, store, on);
  void keepMeasuring(device, store, on);
  return device;
}

/** Once switched off, what an old client still says (it may take a while to close) is no news of this device. */
function listen(device: DeviceClient, store: Store, held: HeldMessages, on: AbortSignal): void {
  device.addEventListener('status', ({ state, reason, detail, retryIn }) => {
    if (on.aborted) return;
    const at = Date.now();
    const retryAt = retryIn === undefined ? null : at + retryIn;
    store.dispatch({ type: 'device/status', status: { state, reason, detail, retryAt }, at });
  });
  device.addEventListener('message', (event) => {
    const { holds } = store.device.peek();
    const message = received(event.message, holds);
    store.dispatch({ type: 'device/message', message });
    if (holds) event.waitUntil(held.wait(message.key));
  });
  device.addEventListener('packet', ({ outgoing, bytes }) => {
    if (!on.aborted) store.dispatch({ type: 'device/packet', outgoing, bytes, at: Date.now() });
  });
}

/** Sends at the interval that the desired properties ask for, in step with the clock rather than with the sends. */
async function keepSampling(device: DeviceClient, store: Store, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    sample(device, store, signal);
    await pause(store.device.peek().board.telemetryInterval * 1_000, signal);
  }
}

/** What waits and what flies, a few times a second; it costs nothing while nothing changes. */
async function keepMeasuring(device: DeviceClient, store: Store, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const { queued, inFlight, resent, reconnects } = device.metrics;
    const before = store.device.peek().metrics;
    const metrics = { queued, inFlight, resent, reconnects };
    if (JSON.stringify(metrics) !== JSON.stringify(before))
      store.dispatch({ type: 'device/metrics', metrics });
    await pause(MEASURE_EVERY_MS, signal);
  }
}

/** One step of every sensor, and one message with all their values. */
function sample(device: DeviceClient, store: Store, on: AbortSignal): void {
  const { sensors } = store.device.peek();
  const noise = sensors.map(() => Math.random() * 2 - 1);
  store.dispatch({ type: 'sensors/tick', now: Date.now(), noise });
  const values = Object.fromEntries(store.device.peek().sensors.map(({ id, value }) => [id, value]));
  void send(device, store, values, on);
}

async function send(
  device: DeviceClient,
  store: Store,
  values: Record<string, number>,
  on: AbortSignal,
): Promise<void> {
  const started = performance.now();
  store.dispatch({ type: 'device/sent' });
  try {
    const alert = String((values.temperature ?? 0) > 30);
    await device.send({
      body: values,
      messageId: crypto.randomUUID(),
      // Says when it was measured, also when it has to wait for the connection.
      creationTime: new Date(),
      properties: { temperatureAlert: alert },
    });
    store.dispatch({ type: 'device/acknowledged', roundTripMs: performance.now() - started });
  } catch (cause) {
    if (!on.aborted) store.dispatch({ type: 'device/send-failed', problem: problemText(cause) });
  }
}

function received(message: C2DMessage, holds: boolean): ReceivedMessage {
  const named = {
    'message-id': message.messageId,
    'correlation-id': message.correlationId,
    'content-type': message.contentType,
    'content-encoding': message.contentEncoding,
    'user-id': message.userId,
    'absolute-expiry-time': message.expiryTime,
    'iothub-ack': message.ack,
  };
  const present = Object.entries(named).filter(
    (pair): pair is [string, string] => typeof pair[1] === 'string',
  );
  return {
    key: crypto.randomUUID(),
    at: Date.now(),
    state: holds ? 'held' : 'done',
    redelivered: message.redelivered,
    body: message.text(),
    properties: { ...message.properties },
    systemProperties: Object.fromEntries(present),
  };
}
