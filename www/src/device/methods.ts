/**
 * Answers method calls as the cards say, and carries out what is built in: a reboot ends the link and makes a new one, a
 * firmware update tells its progress in reported properties. The session starts it.
 */
import type { DeviceClient, MethodRequest } from 'iothub-wasm';
import type { Store } from '../app/store.js';
import { answerOf, type Effect } from '../methods/method.js';
import type { Json } from '../twin/json.js';
import { pause } from './pause.js';
import { report } from './twin.js';

const FIRMWARE_STEPS = [0, 25, 50, 75, 100];
const FIRMWARE_STEP_MS = 700;
/** Long enough for the answer to leave before the link ends. */
const REBOOT_AFTER_MS = 500;

export function answerMethods(
  device: DeviceClient,
  store: Store,
  reboot: () => void,
  signal: AbortSignal,
): void {
  device.onMethod('*', async (request: MethodRequest) => {
    const { name } = request;
    const card = store.device.peek().methods.find((method) => method.name === name);
    await pause(card?.delayMs ?? 0, signal);
    const answer = answerOf(card, name, (request.payload ?? null) as Json, Math.random());
    const call = { key: crypto.randomUUID(), at: Date.now(), name, status: answer.status };
    store.dispatch({ type: 'device/called', call });
    if (answer.status < 400) void carryOut(card?.effect ?? 'none', device, store, reboot, signal);
    return answer;
  });
}

async function carryOut(
  effect: Effect,
  device: DeviceClient,
  store: Store,
  reboot: () => void,
  signal: AbortSignal,
): Promise<void> {
  if (effect === 'reboot') {
    await pause(REBOOT_AFTER_MS, signal);
    if (!signal.aborted) reboot();
  }
  if (effect === 'firmware') await updateFirmware(device, store, signal);
}

async function updateFirmware(device: DeviceClient, store: Store, signal: AbortSignal): Promise<void> {
  for (const progress of FIRMWARE_STEPS) {
    if (signal.aborted) return;
    const status = progress < 100 ? 'downloading' : 'current';
    await report(device, store, { firmware: { status, progress } }, signal);
    await pause(FIRMWARE_STEP_MS, signal);
  }
}
