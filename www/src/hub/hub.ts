/**
 * What the page needs from a hub, whichever it is: one in this page, one on this computer, or one in Azure. The session
 * (`app/run.ts`) holds exactly one; views never see it, they dispatch intents.
 */
import type { ConnectOptions, Credentials } from 'iothub-wasm';
import type { CloudToDeviceMessage, DeviceSummary, Fault, MethodCall } from 'iothub-wasm/hub';
import type { Json, JsonObject } from '../twin/json.js';
import type { HubEvent } from './hub-event.js';

export type HubKind = 'page' | 'local' | 'mine';

/** The link over which the hub tells its events: not the device's link. */
export type StreamState = 'opening' | 'open' | 'lost';

export type CloudToDevice = CloudToDeviceMessage & { readonly body: string };

/** A twin as the service sees it. */
export interface ServiceTwin {
  readonly desired: JsonObject;
  readonly reported: JsonObject;
  readonly desiredVersion: number;
  readonly reportedVersion: number;
}

export interface MethodResult {
  readonly status: number;
  readonly payload: Json;
}

export type Identity = Pick<DeviceSummary, 'deviceId' | 'status' | 'connectionState'>;

/** What a service may do; absent where a page cannot reach it. */
export interface ServiceSide {
  sendCloudToDevice(deviceId: string, message: CloudToDevice): Promise<void>;
  twin(deviceId: string): Promise<ServiceTwin>;
  patchDesired(deviceId: string, patch: JsonObject): Promise<ServiceTwin>;
  callMethod(deviceId: string, call: MethodCall): Promise<MethodResult>;
  devices(): Promise<readonly Identity[]>;
  /** Makes a device with keys of its own; one that is there already is a problem. */
  createDevice(deviceId: string): Promise<void>;
  /** How a program of someone's own connects as this device; `null` where no other program can reach the hub. */
  readonly connectionString: ((deviceId: string) => Promise<string>) | null;
  setEnabled(deviceId: string, enabled: boolean): Promise<void>;
  removeDevice(deviceId: string): Promise<void>;
  /** Makes something go wrong on purpose, and lets everything go right again. */
  trouble(fault: Fault): Promise<void>;
  endTrouble(): Promise<void>;
}

export interface Provisioned {
  readonly deviceId: string;
  readonly credentials: Credentials;
  readonly options: Pick<ConnectOptions, 'WebSocket' | 'takenOver'>;
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

/**
 * Who plays with a hub's faults ends connections again and again, which looks as if another client had this identity:
 * here it is known that none has.
 */
export const NO_OTHER_CLIENT = { takenOver: { after: 0 } } as const;

/** A hub said no, or could not be reached. The message is for people and says what to do. */
export class HubProblem extends Error {
  override readonly name = 'HubProblem';
}
