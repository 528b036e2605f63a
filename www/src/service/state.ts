/** What the service side knows: the telemetry that arrived, its series, who is connected. */

import type { ServiceTwin } from '../hub/hub.js';
import type { TelemetryEvent } from '../hub/hub-event.js';
import { NO_SERIES, type Series } from './series.js';

/** What became of a message to this device. */
export interface Outcome {
  readonly messageId: string;
  readonly state: string;
  readonly deliveries: number;
  /** The status of the feedback that was asked for; empty before it comes. */
  readonly feedback: string;
}

export interface ServiceState {
  /** Whose telemetry is shown: this page's device, or every device of the hub. */
  readonly scope: 'device' | 'all';
  /** Newest first, bounded, every device. */
  readonly telemetry: readonly TelemetryEvent[];
  /** Of this page's device, oldest first, bounded: what an export holds. */
  readonly recorded: readonly TelemetryEvent[];
  /** Of this page's device since it opened. */
  readonly received: number;
  readonly series: Series;
  /** Newest first, bounded. */
  readonly outcomes: readonly Outcome[];
  /** The twin as the service last read it; `null` before that. */
  readonly twin: ServiceTwin | null;
  /** How the hub sees this page's device. */
  readonly link: { readonly connected: boolean; readonly reason: string };
}

export const TELEMETRY_KEEPS = 100;
/** An hour at a message a second. */
export const RECORDED_KEEPS = 3_600;
export const OUTCOMES_KEEP = 5;

export function firstService(): ServiceState {
  return {
    scope: 'device',
    telemetry: [],
    recorded: [],
    received: 0,
    series: NO_SERIES,
    outcomes: [],
    twin: null,
    link: { connected: false, reason: '' },
  };
}
