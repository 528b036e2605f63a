/**
 * The device's side of its twin: reads it once, follows the desired properties, and reports what the board made of them.
 * The session starts it; everything it decides is in `board/` and `twin/`, pure.
 */
import type { DeviceClient } from 'iothub-wasm';
import { problemText } from '../app/problem.js';
import type { Store } from '../app/store.js';
import { reportOf } from '../board/board.js';
import { isObject, type JsonObject, withoutMeta } from '../twin/json.js';

/** Told before the first connection, so that no change is missed. */
export function followDesired(device: DeviceClient, store: Store, on: AbortSignal): void {
  device.addEventListener('desired', ({ patch, version }) => {
    if (on.aborted || !isObject(patch)) return;
    store.dispatch({ type: 'device/desired', patch, version });
    void report(device, store, reportOf(store.device.peek().board, patch), on);
  });
}

/** The twin as it stands when the device comes up. */
export async function readTwin(device: DeviceClient, store: Store, on: AbortSignal): Promise<void> {
  try {
    await takeTwin(await device.getTwin(), device, store, on);
  } catch (cause) {
    if (!on.aborted) store.dispatch({ type: 'device/send-failed', problem: problemText(cause) });
  }
}

async function takeTwin(twin: unknown, device: DeviceClient, store: Store, on: AbortSignal): Promise<void> {
  if (on.aborted || !isObject(twin)) return;
  const section = (name: string) => (isObject(twin[name]) ? twin[name] : {}) as JsonObject;
  const desired = section('desired');
  store.dispatch({
    type: 'device/twin',
    desired: withoutMeta(desired),
    reported: withoutMeta(section('reported')),
    version: Number(desired.$version ?? 0),
  });
  await report(device, store, reportOf(store.device.peek().board, desired), on);
}

/** Reports a change; a device with nothing to say stays quiet. */
export async function report(
  device: DeviceClient,
  store: Store,
  patch: JsonObject,
  on: AbortSignal,
): Promise<void> {
  if (Object.keys(patch).length === 0) return;
  try {
    await device.updateReported(patch);
    store.dispatch({ type: 'device/reported', patch });
  } catch (cause) {
    if (!on.aborted) store.dispatch({ type: 'device/send-failed', problem: problemText(cause) });
  }
}
