/** What the page knows of its device: link, sensors, counters, inbox. */
import { type Board, FIRST_BOARD } from '../board/board.js';
import type { Properties } from '../hub/hub-event.js';
import { DEFAULT_METHODS, type MethodCall, type MethodCard } from '../methods/method.js';
import { DEFAULT_SENSORS } from '../sensors/defaults.js';
import type { Sensor } from '../sensors/sensor.js';
import type { JsonObject } from '../twin/json.js';

export type StatusState = 'connecting' | 'connected' | 'reconnecting' | 'disconnected' | 'closed';

export interface ReceivedMessage {
  readonly key: string;
  readonly at: number;
  readonly body: string;
  readonly properties: Properties;
  readonly systemProperties: Properties;
}

export interface DeviceStatus {
  readonly state: StatusState;
  /** A stable word, and the same for people. */
  readonly reason: string;
  readonly detail: string;
  /** When the next attempt is due, wall clock; `null` when none is. */
  readonly retryAt: number | null;
}

export interface DeviceTwin {
  readonly seen: JsonObject;
  readonly seenVersion: number;
  readonly reported: JsonObject;
}

export interface DeviceState {
  readonly id: string;
  readonly status: DeviceStatus;
  readonly sensors: readonly Sensor[];
  readonly sent: number;
  readonly acknowledged: number;
  readonly failed: number;
  /** Of the last acknowledged message; `null` before the first. */
  readonly roundTripMs: number | null;
  readonly lastProblem: string | null;
  /** What the device last saw of its desired properties, and what it last reported. */
  readonly twin: DeviceTwin;
  readonly board: Board;
  readonly methods: readonly MethodCard[];
  /** Newest first, bounded. */
  readonly calls: readonly MethodCall[];
  /** Newest first, bounded. */
  readonly inbox: readonly ReceivedMessage[];
}

export const INBOX_KEEPS = 50;

export function firstDevice(id: string): DeviceState {
  return {
    id,
    status: { state: 'connecting', reason: '', detail: '', retryAt: null },
    sensors: DEFAULT_SENSORS,
    sent: 0,
    acknowledged: 0,
    failed: 0,
    roundTripMs: null,
    lastProblem: null,
    twin: { seen: {}, seenVersion: 0, reported: {} },
    board: FIRST_BOARD,
    methods: DEFAULT_METHODS,
    calls: [],
    inbox: [],
  };
}
