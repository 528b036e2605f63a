/** The one place where state changes: hands each action to the reducer of every part. Pure; called by the store only. */
import { reduceDevice } from '../device/reduce.js';
import { reduceFleet } from '../fleet/reduce.js';
import { reduceService } from '../service/reduce.js';
import { reduceWire } from '../wire/reduce.js';
import type { Action } from './action.js';
import type { HubState, PageState, State } from './state.js';

export function reduce(state: State, action: Action): State {
  return {
    page: reducePage(state.page, action),
    hub: reduceHub(state.hub, action),
    device: reduceDevice(state.device, action),
    service: reduceService(state.service, action, ownIdAfter(state, action)),
    fleet: reduceFleet(state.fleet, action),
    wire: reduceWire(state.wire, action, ownIdAfter(state, action)),
  };
}

/** Another hub may know this device by another name. */
function ownIdAfter(state: State, action: Action): string {
  return action.type === 'hub/opened' ? action.deviceId : state.device.id;
}

function reducePage(page: PageState, action: Action): PageState {
  if (action.type === 'page/language') return { ...page, language: action.language };
  if (action.type === 'page/theme') return { ...page, theme: action.theme };
  return page;
}

function reduceHub(hub: HubState, action: Action): HubState {
  switch (action.type) {
    case 'hub/opening':
      return {
        kind: action.kind,
        phase: 'opening',
        service: true,
        place: '',
        problem: null,
        stream: 'opening',
      };
    case 'hub/asked':
      return { kind: 'mine', phase: 'asking', service: false, place: '', problem: null, stream: 'opening' };
    case 'hub/opened':
      return { ...hub, phase: 'open', place: action.place, service: action.service };
    case 'hub/failed':
      return { ...hub, phase: 'failed', problem: action.problem, stream: 'lost' };
    case 'hub/stream':
      return { ...hub, stream: action.stream };
    default:
      return hub;
  }
}
