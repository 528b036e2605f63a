/**
 * Whether the page should open its hub again by itself: a hub on this computer was stopped and started, and no longer
 * knows the device (it keeps nothing unless told to). A developer does that all day. Pure; the session follows it.
 */
import type { DeviceStatus } from '../device/state.js';
import type { HubState } from './state.js';

export interface Healing {
  /** The stream was lost since the hub was opened: it may be another hub that came back. */
  readonly wasLost: boolean;
  readonly now: boolean;
}

export const HEALTHY: Healing = { wasLost: false, now: false };

export function healing(before: Healing, hub: HubState, status: DeviceStatus): Healing {
  if (hub.kind !== 'local' || hub.phase !== 'open') return HEALTHY;
  const wasLost = before.wasLost || hub.stream === 'lost';
  // A device that is disabled or has a wrong key is refused too, but then the stream never broke.
  const forgotten = status.state === 'disconnected' && status.reason === 'unauthorized';
  // A client that still waits for its next attempt need not: the hub has just answered.
  const waits = status.state === 'reconnecting' && status.retryAt !== null;
  return { wasLost, now: wasLost && hub.stream === 'open' && (forgotten || waits) };
}
