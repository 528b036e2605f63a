/**
 * What the page needs from a hub, whichever it is: one in this page, one on this computer, or one in Azure. The session
 * (`app/run.ts`) holds exactly one; views never see it, they dispatch intents.
 */
import type { ConnectOptions, Credentials } from 'iothub-wasm';
import type { Json, JsonObject } from '../twin/json.js';
import type { HubEvent, Properties } from './hub-event.js';

export type HubKind = 'page' | 'local' | 'mine';

/** The link over which the hub tells its events: not the device's link. */
export type StreamState = 'opening' | 'open' | 'lost';

export interface CloudToDevice {
  readonly body: string;
  readonly contentType?: string;
  readonly messageId?: string;
  readonly ack?: 'none' | 'positive' | 'negative' | 'full';
  readonly properties: Properties;
}

/** A twin as the service sees it. */
export interface ServiceTwin {
  readonly desired: JsonObject;
  readonly reported: JsonObject;
  readonly desiredVersion: number;
  readonly reportedVersion: number;
}

export interface MethodRequest {
  readonly name: string;
  readonly payload: Json;
  /** Seconds that the device may take, 5 to 300. */
  readonly responseTimeout: number;
  /** Seconds to wait for a device that is not there, 0 to 300. */
  readonly connectTimeout: number;
}

export interface MethodResult {
  readonly status: number;
  readonly payload: Json;
}

export interface Identity {
  readonly deviceId: string;
  readonly enabled: boolean;
  readonly connected: boolean;
}

/** Trouble on purpose, as `/local/faults` takes it. */
export interface Fault {
  readonly kind:
    | 'cut'
    | 'half-open'
    | 'delay'
    | 'duplicate'
    | 'drop-puback'
    | 'throttle'
    | 'refuse'
    | 'twin-error'
    | 'expire-token'
    | 'restart';
  readonly deviceId?: string;
  readonly count?: number;
  readonly forMs?: number;
  readonly ms?: number;
  readonly closeAfterMs?: number;
  readonly code?: number;
}

/** What a service may do; absent where a page cannot reach it. */
export interface ServiceSide {
  sendCloudToDevice(deviceId: string, message: CloudToDevice): Promise<void>;
  twin(deviceId: string): Promise<ServiceTwin>;
  patchDesired(deviceId: string, patch: JsonObject): Promise<ServiceTwin>;
  callMethod(deviceId: string, request: MethodRequest): Promise<MethodResult>;
  devices(): Promise<readonly Identity[]>;
  setEnabled(deviceId: string, enabled: boolean): Promise<void>;
  removeDevice(deviceId: string): Promise<void>;
  /** Makes something go wrong on purpose, and lets everything go right again. */
  trouble(fault: Fault): Promise<void>;
  endTrouble(): Promise<void>;
}

export interface Provisioned {
  readonly deviceId: string;
  readonly credentials: Credentials;
  readonly options: Pick<ConnectOptions, 'WebSocket'>;
}

export interface Hub {
  readonly kind: HubKind;
  /** Where it is, in words for people: an address, or "this page". */
  readonly place: string;
  /** Makes the device if it is not there, and answers how it connects and under which name. */
  provision(deviceId: string): Promise<Provisioned>;
  /** The same for a fleet. */
  provisionMany(deviceIds: readonly string[]): Promise<readonly Provisioned[]>;
  /** Tells every event from now on, until the signal aborts. */
  listen(told: { event(event: HubEvent): void; stream(state: StreamState): void }, signal: AbortSignal): void;
  readonly service: ServiceSide | null;
}

/** A hub said no, or could not be reached. The message is for people and says what to do. */
export class HubProblem extends Error {
  override readonly name = 'HubProblem';
}
