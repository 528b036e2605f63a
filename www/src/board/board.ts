/**
 * The board: what the device makes of its desired properties, so that a change is seen. Pure: read from the desired
 * properties, told back as reported ones.
 */
import type { JsonObject } from '../twin/json.js';

export const LED_COLOURS = ['green', 'red', 'blue', 'amber'] as const;
export type Led = 'off' | (typeof LED_COLOURS)[number];

export interface Board {
  readonly led: Led;
  readonly display: string;
  readonly relay: boolean;
  /** Seconds between two messages. */
  readonly telemetryInterval: number;
}

export const FIRST_BOARD: Board = { led: 'off', display: '', relay: false, telemetryInterval: 1 };

const DISPLAY_HOLDS = 32;
const INTERVAL = { min: 0.2, max: 60 };

/** The board that the desired properties ask for; what they do not name, or name badly, stays at rest. */
export function boardOf(desired: JsonObject, restInterval = FIRST_BOARD.telemetryInterval): Board {
  const { led, display, relay, telemetryInterval } = desired;
  return {
    led: ledOf(led),
    display: typeof display === 'string' ? display.slice(0, DISPLAY_HOLDS) : FIRST_BOARD.display,
    relay: relay === true || relay === 'on',
    telemetryInterval:
      typeof telemetryInterval === 'number'
        ? Math.min(INTERVAL.max, Math.max(INTERVAL.min, telemetryInterval))
        : restInterval,
  };
}

/** What the device reports of the board: only what was asked for, as it really is. */
export function reportOf(board: Board, asked: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(board).filter(([name]) => name in asked));
}

function ledOf(value: unknown): Led {
  if (value === true || value === 'on') return 'green';
  return LED_COLOURS.find((colour) => colour === value) ?? 'off';
}
