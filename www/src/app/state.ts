/** Everything the page knows, as one value. Only `reduce` makes a new one; views read it through `store.ts`. */
import type { DeviceState } from '../device/state.js';
import { firstDevice } from '../device/state.js';
import { type FleetState, firstFleet } from '../fleet/state.js';
import type { HubKind, StreamState } from '../hub/hub.js';
import type { ServiceState } from '../service/state.js';
import { firstService } from '../service/state.js';
import type { Language } from '../text/text.js';
import { firstWire, type WireState } from '../wire/state.js';

export type Theme = 'system' | 'light' | 'dark';

export interface HubState {
  readonly kind: HubKind;
  /** `asking`: someone has to say which hub first. */
  readonly phase: 'asking' | 'opening' | 'open' | 'failed';
  /** Whether a page can reach its service side. */
  readonly service: boolean;
  readonly place: string;
  /** Why it could not be opened, and what to do. */
  readonly problem: string | null;
  readonly stream: StreamState;
}

export interface PageState {
  readonly language: Language;
  readonly theme: Theme;
}

export interface State {
  readonly page: PageState;
  readonly hub: HubState;
  readonly device: DeviceState;
  readonly service: ServiceState;
  readonly wire: WireState;
  readonly fleet: FleetState;
}

export function firstState(page: PageState, deviceId: string): State {
  return {
    page,
    hub: { kind: 'local', phase: 'opening', service: true, place: '', problem: null, stream: 'opening' },
    device: firstDevice(deviceId),
    service: firstService(),
    wire: firstWire(),
    fleet: firstFleet(),
  };
}
