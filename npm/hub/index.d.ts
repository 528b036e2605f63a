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

interface Happened<T extends string> {
  type: T;
  /** The hub's clock, ISO 8601. */
  at: string;
  /** Whom it concerns. */
  deviceId?: string;
  moduleId?: string;
}

/** A message of a device. */
export interface TelemetryEvent extends Happened<'telemetry'> {
  /** The body as text; `bodyBase64` instead when it is no UTF-8. */
  body?: string;
  bodyBase64?: string;
  qos: 0 | 1;
  properties: Record<string, string | null>;
  /** `message-id`, `content-type`, `iothub-enqueuedtime`, … */
  systemProperties: Record<string, string | number | null>;
  /** The body as JSON; throws what `JSON.parse` throws. */
  // biome-ignore lint/suspicious/noExplicitAny: what JSON.parse gives
  json(): any;
}

/** A device connected or disconnected. */
export interface ConnectionEvent extends Happened<'connection'> {
  state: 'connected' | 'disconnected';
  /** A stable word; `detail` says it for people. */
  reason: string;
  detail: string;
  transport?: string;
  cleanSession?: boolean;
  sessionPresent?: boolean;
  keepAliveSeconds?: number;
  clientType?: string | null;
  modelId?: string | null;
  tokenEnds?: string | null;
  [more: string]: unknown;
}

/** A connection, or something sent on it, was refused. */
export interface RefusedEvent extends Happened<'refused'> {
  reason: string;
  detail: string;
  /** The code, if it was a CONNECT. */
  connack: number | null;
}

/** A section of a twin changed. */
export interface TwinEvent extends Happened<'twin'> {
  section: 'desired' | 'reported' | 'tags';
  patch: Document;
  /** Tags have none. */
  version: number | null;
  /** The section was replaced, not merged. */
  replaced: boolean;
}

/** A cloud-to-device message moved on. */
export interface C2DEvent extends Happened<'c2d'> {
  state: 'queued' | 'delivered' | 'completed' | 'expired' | 'dead-lettered' | 'purged';
  messageId: string;
  /** How many times it was sent to the device. */
  deliveries: number;
}

/** A direct method moved on. */
export interface MethodEvent extends Happened<'method'> {
  state: 'sent' | 'answered' | 'timed-out' | 'failed';
  name: string;
  requestId: string;
  status: number | null;
  /** JSON text. */
  payload: string | null;
}

/** An identity was created, updated or deleted. */
export interface LifecycleEvent extends Happened<'lifecycle'> {
  state: 'created' | 'updated' | 'deleted';
}

/** Feedback that a sender of cloud-to-device messages asked for. */
export interface FeedbackEvent extends Happened<'feedback'> {
  records: Document[];
}

/** The hub was told to do something: a fault, its clock, a reset. */
export interface ControlEvent extends Happened<'control'> {
  what: string;
}

/** A reader was too slow, or began too far back: so many events are not kept any more. */
export interface GapEvent {
  type: 'gap';
  missed: number;
}

/** What happened, as `GET /local/events` of `iothub-local` tells it. Branch on `type`. */
export type HubEvent =
  | TelemetryEvent
  | ConnectionEvent
  | RefusedEvent
  | TwinEvent
  | C2DEvent
  | MethodEvent
  | LifecycleEvent
  | FeedbackEvent
  | ControlEvent
  | GapEvent;

/** The event of one type: `HubEventOf<'telemetry'>`. */
export type HubEventOf<T extends HubEvent['type']> = Extract<HubEvent, { type: T }>;

export interface EventOptions<T extends HubEvent['type'] = HubEvent['type']> {
  /** Only these types. */
  types?: readonly T[];
  deviceId?: string;
  moduleId?: string;
  /** Begin after this event; 0 begins with the oldest that is kept. */
  lastEventId?: number;
  /** Ends the iteration. */
  signal?: AbortSignal;
}

export interface WaitOptions<T extends HubEvent['type']> extends Omit<EventOptions, 'types'> {
  /** Only an event for which this is true. */
  where?: (event: HubEventOf<T>) => boolean;
  /** Milliseconds, then it rejects. Default 5,000. */
  timeout?: number;
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
  /** How many times; of a fault that acts on connections: how many of them. Default: without end. */
  count?: number;
  /** For how many milliseconds a fault stands. Default: without end. Not for those that act at once. */
  forMs?: number;
  /** The delay of `delay` and `throttle`, at most an hour. */
  ms?: number;
  /** When `throttle` closes the connection. Default: never. */
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

  /** Each event under its own type, and every one as `event`; `event.data` is a {@link HubEvent}. */
  addEventListener<T extends HubEvent['type']>(
    type: T,
    listener: Listener<Event & { data: HubEventOf<T> }>,
    options?: boolean | ListenerOptions,
  ): void;
  addEventListener(
    type: 'event',
    listener: Listener<Event & { data: HubEvent }>,
    options?: boolean | ListenerOptions,
  ): void;

  /**
   * What happens, one after the other, from this call on, whenever the first one is read. The iteration ends with
   * `signal`, a `break`, or when the hub closes.
   */
  events<T extends HubEvent['type'] = HubEvent['type']>(
    options?: EventOptions<T>,
  ): AsyncGenerator<HubEventOf<T> | GapEvent, void, void>;

  /** What has happened and is still kept, from the start on (or after `lastEventId`). */
  eventsSoFar<T extends HubEvent['type'] = HubEvent['type']>(options?: EventOptions<T>): HubEventOf<T>[];

  /**
   * The next event of a type that no earlier `waitFor` gave, whether it has happened already or is to come. Rejects
   * after `timeout`. With `lastEventId: hub.lastEventId` only what happens from now on.
   */
  waitFor<T extends Exclude<HubEvent['type'], 'gap'>>(
    type: T,
    options?: WaitOptions<T>,
  ): Promise<HubEventOf<T>>;

  /** The number of the last event; 0 before the first. */
  readonly lastEventId: number;

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

  /**
   * Closes the connections (code 1001, reason "the hub in this page was closed") and frees the memory. A client goes on
   * trying to reconnect: close it first. A hub that nobody uses keeps no process alive, closed or not.
   */
  close(): void;
  [Symbol.dispose](): void;
}
