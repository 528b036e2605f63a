/**
 * The device itself: one `DeviceClient` that connects, samples the sensors, sends, takes messages in, follows its twin
 * and answers methods. `app/run.ts` starts one for each hub that is opened and ends it with the signal. It reads and
 * writes state only through the store.
 */
import { type C2DMessage, DeviceClient } from 'iothub-wasm';
import { problemText } from '../app/problem.js';
import type { Store } from '../app/store.js';
import { answerMethods } from './methods.js';
import { pause } from './pause.js';
import type { ReceivedMessage } from './state.js';
import { followTwin } from './twin.js';

const REBOOT_TAKES_MS = 1_500;

/** Runs the device until `signal` aborts; throws when its first connect is refused. A reboot starts a new client. */
export async function runDevice(connectionString: string, store: Store, signal: AbortSignal): Promise<void> {
  const power = new AbortController();
  const on = AbortSignal.any([signal, power.signal]);
  const device = await DeviceClient.connect(connectionString, { signal: on });
  on.addEventListener('abort', () => void device.close(), { once: true });
  const reboot = async () => {
    power.abort();
    await pause(REBOOT_TAKES_MS, signal);
    if (signal.aborted) return;
    runDevice(connectionString, store, signal).catch((cause: unknown) =>
      store.dispatch({ type: 'hub/failed', problem: problemText(cause) }),
    );
  };
  listen(device, store);
  answerMethods(device, store, () => void reboot(), on);
  followTwin(device, store).catch((cause: unknown) => {
    if (!on.aborted) store.dispatch({ type: 'device/send-failed', problem: problemText(cause) });
  });
  void keepSampling(device, store, on);
}

function listen(device: DeviceClient, store: Store): void {
  device.addEventListener('status', ({ state, reason, detail, retryIn }) => {
    const at = Date.now();
    const retryAt = retryIn === undefined ? null : at + retryIn;
    store.dispatch({ type: 'device/status', status: { state, reason, detail, retryAt }, at });
  });
  device.addEventListener('message', (event) => {
    store.dispatch({ type: 'device/message', message: received(event.message) });
  });
  device.addEventListener('packet', ({ outgoing, bytes }) => {
    store.dispatch({ type: 'device/packet', outgoing, bytes, at: Date.now() });
  });
  const { state, reason } = device;
  store.dispatch({
    type: 'device/status',
    status: { state, reason, detail: '', retryAt: null },
    at: Date.now(),
  });
}

/** Sends at the interval that the desired properties ask for, in step with the clock rather than with the sends. */
async function keepSampling(device: DeviceClient, store: Store, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    sample(device, store);
    await pause(store.device.peek().board.telemetryInterval * 1_000, signal);
  }
}

/** One step of every sensor, and one message with all their values. */
function sample(device: DeviceClient, store: Store): void {
  const { sensors } = store.device.peek();
  const noise = sensors.map(() => Math.random() * 2 - 1);
  store.dispatch({ type: 'sensors/tick', now: Date.now(), noise });
  const values = Object.fromEntries(store.device.peek().sensors.map(({ id, value }) => [id, value]));
  void send(device, store, values);
}

async function send(device: DeviceClient, store: Store, values: Record<string, number>): Promise<void> {
  const started = performance.now();
  store.dispatch({ type: 'device/sent' });
  try {
    const alert = String((values.temperature ?? 0) > 30);
    await device.send({
      body: values,
      messageId: crypto.randomUUID(),
      properties: { temperatureAlert: alert },
    });
    store.dispatch({ type: 'device/acknowledged', roundTripMs: performance.now() - started });
  } catch (cause) {
    store.dispatch({ type: 'device/send-failed', problem: problemText(cause) });
  }
}

function received(message: C2DMessage): ReceivedMessage {
  const named = {
    'message-id': message.messageId,
    'correlation-id': message.correlationId,
    'content-type': message.contentType,
    'content-encoding': message.contentEncoding,
    'user-id': message.userId,
  };
  const present = Object.entries(named).filter(
    (pair): pair is [string, string] => typeof pair[1] === 'string',
  );
  return {
    key: crypto.randomUUID(),
    at: Date.now(),
    body: message.text(),
    properties: { ...message.properties },
    systemProperties: Object.fromEntries(present),
  };
}
