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
  /**
   * `held`: not acknowledged yet; `left`: it will be redelivered on the next connection; `lost`: its connection was lost
   * before a decision, so the hub delivers it again, as another entry.
   */
  readonly state: 'done' | 'held' | 'left' | 'lost';
  /** The hub had sent it before. */
  readonly redelivered: boolean;
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

/** What the client tells of its link: what waits, what flies, what had to be done again. */
export interface LinkMetrics {
  readonly queued: number;
  readonly inFlight: number;
  readonly resent: number;
  readonly reconnects: number;
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
  /** Of the last messages, oldest first, bounded. */
  readonly roundTrips: readonly number[];
  readonly metrics: LinkMetrics;
  /** Seconds between two messages unless the desired properties say otherwise. */
  readonly restInterval: number;
  /** What the device last saw of its desired properties, and what it last reported. */
  readonly twin: DeviceTwin;
  readonly board: Board;
  readonly methods: readonly MethodCard[];
  /** Newest first, bounded. */
  readonly calls: readonly MethodCall[];
  /** Newest first, bounded. */
  readonly inbox: readonly ReceivedMessage[];
  /** Whether messages wait for a decision instead of being acknowledged at once. */
  readonly holds: boolean;
}

export const INBOX_KEEPS = 50;
export const ROUND_TRIPS_KEEP = 300;
/** A hub in Azure counts messages: ten seconds keep a day within what the free tier gives. */
export const INTERVAL_OF_MY_HUB_S = 11;

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
    roundTrips: [],
    metrics: { queued: 0, inFlight: 0, resent: 0, reconnects: 0 },
    restInterval: 1,
    twin: { seen: {}, seenVersion: 0, reported: {} },
    board: FIRST_BOARD,
    methods: DEFAULT_METHODS,
    calls: [],
    inbox: [],
    holds: false,
  };
}
