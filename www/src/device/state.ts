/** What the page knows of its device: link, sensors, counters, inbox. */
import type { Properties } from '../hub/hub-event.js';
import { DEFAULT_SENSORS } from '../sensors/defaults.js';
import type { Sensor } from '../sensors/sensor.js';

export type StatusState = 'connecting' | 'connected' | 'reconnecting' | 'disconnected' | 'closed';

export interface ReceivedMessage {
  readonly key: string;
  readonly at: number;
  readonly body: string;
  readonly properties: Properties;
  readonly systemProperties: Properties;
}

export interface DeviceState {
  readonly id: string;
  readonly status: { readonly state: StatusState; readonly reason: string; readonly since: number };
  readonly sensors: readonly Sensor[];
  readonly sent: number;
  readonly acknowledged: number;
  readonly failed: number;
  /** Of the last acknowledged message; `null` before the first. */
  readonly roundTripMs: number | null;
  readonly lastProblem: string | null;
  /** Newest first, bounded. */
  readonly inbox: readonly ReceivedMessage[];
}

export const INBOX_KEEPS = 50;

export function firstDevice(id: string): DeviceState {
  return {
    id,
    status: { state: 'connecting', reason: '', since: 0 },
    sensors: DEFAULT_SENSORS,
    sent: 0,
    acknowledged: 0,
    failed: 0,
    roundTripMs: null,
    lastProblem: null,
    inbox: [],
  };
}
