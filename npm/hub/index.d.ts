/**
 * An Azure IoT Hub inside this page or process: no server, no network, no account. For unit tests and demonstrations.
 *
 * The development keys are fixed and public; the hub that a page holds guards nothing.
 */
/// <reference lib="esnext.disposable" />

import type { Listener, ListenerOptions, WebSocketClass } from '../index.js';

export interface HubOptions {
  /** The device that is there from the start; `false` for none. Default `device-1`. */
  firstDevice?: string | false;
  /** The name in user names and tokens; `localhost` is always taken too. Default `localhost`. */
  hostName?: string;
  /** How long after a token's end CONNECT is still accepted. Default 300. */
  sasSkewSeconds?: number;
  /** How long after a token's end its live link is kept. Default 600. */
  sasGraceSeconds?: number;
  /** Tell instead of closing: bad filters get SUBACK 0x80, unknown topics are ignored. Default false. */
  lenient?: boolean;
  /** Events that can be read again. Default 4,096. */
  eventsKept?: number;
  /** Count every redelivery of a cloud-to-device message. Default false. */
  countRedeliveries?: boolean;
}

export interface IdentityOptions {
  /** The module of the device, instead of the device itself. */
  moduleId?: string;
}

/** What happened, as `GET /local/events` of `iothub-local` tells it. */
export interface HubEvent {
  type:
    | 'telemetry'
    | 'connection'
    | 'refused'
    | 'twin'
    | 'c2d'
    | 'method'
    | 'lifecycle'
    | 'feedback'
    | 'control'
    | 'gap';
  /** The hub's clock, ISO 8601. */
  at?: string;
  deviceId?: string;
  moduleId?: string;
  [field: string]: unknown;
}

export interface EventOptions {
  /** Only these types. */
  types?: HubEvent['type'][];
  deviceId?: string;
  moduleId?: string;
  /** Begin after this event; 0 begins with the oldest that is kept. Default: what happens from now on. */
  lastEventId?: number;
  /** Ends the iteration. */
  signal?: AbortSignal;
}

export interface CloudToDeviceMessage {
  /** Text, or JSON that is sent as text. */
  body?: unknown;
  bodyBase64?: string;
  /** Up to 128 ASCII letters, digits and ``- : . + % _ # * ? ! ( ) , = @ ; $ '``. */
  messageId?: string;
  correlationId?: string;
  userId?: string;
  contentType?: string;
  contentEncoding?: string;
  /** ISO 8601, at most two days from now. Default: an hour from now. */
  expiryTimeUtc?: string;
  ack?: 'none' | 'positive' | 'negative' | 'full';
  /** `null` is a property without a value, which is not an empty one. */
  properties?: Record<string, string | number | boolean | null>;
}

export interface MethodCall {
  methodName: string;
  payload?: unknown;
  /** 5 to 300. Default 30. */
  responseTimeoutInSeconds?: number;
  /** How long to wait for the device to connect, 0 to 300. Default 0. */
  connectTimeoutInSeconds?: number;
}

export interface Fault {
  kind:
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
  deviceId?: string;
  moduleId?: string;
  /** How many times. Default: without end. */
  count?: number;
  /** For how many milliseconds. Default: without end. */
  forMs?: number;
  /** The delay of `delay` and `throttle`. */
  ms?: number;
  /** When `throttle` closes the link. Default: never. */
  closeAfterMs?: number;
  /** CONNACK code of `refuse`, HTTP status of `twin-error`. */
  code?: number;
}

export interface ClockChange {
  /** ISO 8601. */
  set?: string;
  advanceSeconds?: number;
  stopped?: boolean;
  /** Back to the real time. */
  reset?: boolean;
}

export interface ClockState {
  now: string;
  offsetMs: number;
  stopped: boolean;
}

export type TokenRequest = ({ deviceId: string; moduleId?: string } | { policy: string }) & {
  /** How long it is good for. Default 3,600; a negative number makes one that has expired. */
  seconds?: number;
};

export interface DeviceSummary {
  deviceId: string;
  moduleId: string | null;
  status: 'enabled' | 'disabled';
  connectionState: 'Connected' | 'Disconnected';
  authenticationType: string;
  cloudToDeviceMessageCount: number;
  /** For this package's client, with `UseLocalHub` and the port where a process listens. */
  connectionString: string | null;
  /** For Microsoft's SDKs. */
  sdkConnectionString: string | null;
}

/** A document of the registry or of a twin, as the REST of IoT Hub has it. */
// biome-ignore lint/suspicious/noExplicitAny: the documents are open; whoever reads one knows what is in it
export type Document = Record<string, any>;

export interface HubResponse {
  status: number;
  ok: boolean;
  headers: Record<string, string>;
  body: Uint8Array;
  text(): string;
  json(): unknown;
}

/** The hub said no. */
export class HubError extends Error {
  /** HTTP status: 404, 409, 412, … */
  readonly status: number;
  /** IoT Hub's number: 404103. */
  readonly errorCode: number | undefined;
  /** IoT Hub's name: `DeviceNotOnline`. */
  readonly errorName: string | undefined;
}

export class LocalHub extends EventTarget {
  static start(options?: HubOptions): Promise<LocalHub>;

  /** Give it to a client: `DeviceClient.connect(await hub.connectionString('device-1'), { WebSocket: hub.WebSocket })`. */
  readonly WebSocket: WebSocketClass;

  /** Every event as `event`, and each under its own type; `event.data` is a {@link HubEvent}. */
  addEventListener(
    type: 'event' | HubEvent['type'],
    listener: Listener<Event & { data: HubEvent }>,
    options?: boolean | ListenerOptions,
  ): void;

  /** What happens, one after the other. */
  events(options?: EventOptions): AsyncGenerator<HubEvent, void, void>;

  /** Any call of `/local`, as over HTTP. */
  fetch(
    target: string,
    init?: { method?: string; headers?: Record<string, string>; body?: string | Uint8Array },
  ): Promise<HubResponse>;

  info(): Promise<Document>;
  devices(): Promise<DeviceSummary[]>;
  device(deviceId: string, options?: IdentityOptions): Promise<Document>;
  createDevice(deviceId: string, options?: IdentityOptions & { document?: object }): Promise<Document>;
  updateDevice(deviceId: string, document: object, options?: IdentityOptions): Promise<Document>;
  deleteDevice(deviceId: string, options?: IdentityOptions): Promise<void>;
  connectionString(deviceId: string, options?: IdentityOptions): Promise<string>;

  twin(deviceId: string, options?: IdentityOptions): Promise<Document>;
  /** Merges `tags` and `properties.desired`; gives the whole twin. */
  patchTwin(deviceId: string, patch: object, options?: IdentityOptions): Promise<Document>;
  replaceTwin(deviceId: string, twin: object, options?: IdentityOptions): Promise<Document>;
  invokeMethod(
    deviceId: string,
    call: MethodCall,
    options?: IdentityOptions,
  ): Promise<{ status: number; payload: unknown }>;

  sendMessage(deviceId: string, message: CloudToDeviceMessage): Promise<{ messageId: string }>;
  /** Messages that wait. */
  messages(deviceId: string): Promise<Document[]>;
  purgeMessages(deviceId: string): Promise<{ totalMessagesPurged: number }>;

  token(request: TokenRequest): Promise<{ token: string; expires: number }>;
  clock(change?: ClockChange): Promise<ClockState>;
  faults(): Promise<Document[]>;
  addFault(fault: Fault): Promise<{ id: number | null; links: number }>;
  removeFaults(id?: number): Promise<void>;
  /** Back to the first moment. */
  reset(): Promise<void>;

  /** Ends all links and frees the memory. */
  close(): void;
  [Symbol.dispose](): void;
}
