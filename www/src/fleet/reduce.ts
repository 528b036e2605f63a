/** How the fleet's part of the state changes. Pure; called by `app/reduce.ts`. */
import type { Action } from '../app/action.js';
import { type FleetState, firstFleet } from './state.js';

export function reduceFleet(fleet: FleetState, action: Action): FleetState {
  switch (action.type) {
    case 'hub/opening':
    case 'hub/asked':
      return firstFleet();
    case 'fleet/started':
      return { ...firstFleet(), size: action.size, running: true, states: new Uint8Array(action.size) };
    case 'fleet/stopped':
      return { ...fleet, running: false, states: new Uint8Array(fleet.size), perSecond: 0 };
    case 'fleet/measured':
      return { ...fleet, ...action.measure };
    case 'fleet/chosen':
      return { ...fleet, chosen: action.index };
    default:
      return fleet;
  }
}
