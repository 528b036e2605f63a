/** What the page knows of its fleet: figures a few times a second, and one number for each device's state. */

/** In the order of their numbers in `states`. */
export const FLEET_STATES = ['off', 'connecting', 'connected', 'sending', 'trouble'] as const;
export type FleetDeviceState = (typeof FLEET_STATES)[number];

export interface FleetDevice {
  readonly id: string;
  readonly state: FleetDeviceState;
  readonly sent: number;
  readonly acknowledged: number;
  readonly failed: number;
  readonly value: number;
  readonly problem: string;
}

export interface FleetState {
  readonly size: number;
  readonly running: boolean;
  /** An index into `FLEET_STATES` for each device. A new array at each measure. */
  readonly states: Uint8Array;
  readonly sent: number;
  readonly acknowledged: number;
  readonly failed: number;
  /** When these figures were taken, on the page's own clock. */
  readonly measuredAt: number;
  /** Acknowledged in a second, smoothed. */
  readonly perSecond: number;
  /** Frames that the page drew in the last second. */
  readonly frames: number;
  readonly chosen: number | null;
  /** The chosen device, as it was measured last. */
  readonly detail: FleetDevice | null;
}

/** A browser profile has about 255 sockets; a hub in the page needs none. */
export const FLEET_LIMITS = { page: 1_000, local: 200, mine: 0 } as const;

export function firstFleet(): FleetState {
  return {
    size: 0,
    running: false,
    states: new Uint8Array(),
    sent: 0,
    acknowledged: 0,
    failed: 0,
    measuredAt: 0,
    perSecond: 0,
    frames: 0,
    chosen: null,
    detail: null,
  };
}
