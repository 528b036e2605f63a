/**
 * A device of Azure IoT Hub for web pages and edge workers: MQTT 3.1.1 over WebSocket, as promises and events.
 *
 * Times are milliseconds unless a name ends in `Seconds`; sizes are bytes.
 */

/// <reference lib="esnext.disposable" />

/** How a device is named and how it proves who it is. */
export type Credentials = string | DeviceCredentials;

export interface DeviceCredentials {
  /** The hub's full host name: `my-hub.azure-devices.net`. */
  host: string;
  deviceId: string;
  moduleId?: string;
  /** The device's key in base64. In a page anybody can read it: for development only; use `token` instead. */
  key?: string;
  /** One ready-made SAS token; the device stops when it ends. */
  sas?: string;
  /** Gives a SAS token whenever one is needed; the key stays on your server. */
  token?: TokenProvider;
  /** Dial this host instead (IoT Edge as a gateway). */
  gatewayHost?: string;
  /** Plain `ws://` to a hub on this machine; refused for any host but loopback. */
  useLocalHub?: boolean;
  /** Port of the local hub. Default 4280. */
  port?: number;
}

export type TokenProvider = (request: {
  /** What to sign for: `{host}/devices/{deviceId}[/modules/{moduleId}]`, not yet percent-encoded. */
  audience: string;
  /** When the token should end, in seconds since 1970 (the token's `se`). */
  expiresAt: number;
  /** Aborts when the token is not needed any more. */
  signal: AbortSignal;
}) => string | Promise<string>;

/**
 * A class that makes sockets: the runtime's `WebSocket`, that of `ws`, or one of yours around them. It is called with
 * the address and the subprotocol `mqtt`, and may throw.
 */
export type WebSocketClass = new (url: string, protocols: string) => WebSocketLike;

/**
 * What the client uses of a socket. It may raise its events at any time, also within a call, and may call the client
 * from anywhere.
 */
export interface WebSocketLike {
  /** Set to `arraybuffer`: messages must come as an `ArrayBuffer` (of any realm) or a view of one. */
  binaryType: string;
  /** 1 when it is open already: its `open` event need not come any more. */
  readonly readyState: number;
  /** Bytes that `send` took and that have not left. */
  readonly bufferedAmount: number;
  /** One binary frame, as a `Uint8Array` that is the socket's to keep, unless the method is the runtime's own. */
  send(data: any): void;
  close(): void;
  /** `open`; `message` with `data`; `close` with `code` and `reason`; `error`, behind which a `close` comes. */
  addEventListener(type: 'open' | 'message' | 'close' | 'error', listener: (event: any) => void): void;
  removeEventListener(type: 'open' | 'message' | 'close' | 'error', listener: (event: any) => void): void;
}

/**
 * Read when `connect` is called. A number outside its range rejects with `argument`, and so does an unknown name. Times
 * and counts are whole numbers up to 2,147,483,647, from 1 on unless a line says otherwise.
 */
export interface ConnectOptions {
  /** Aborts the connecting, also while the wasm is loaded; a connected device is closed with `close`. */
  signal?: AbortSignal;
  /** How long `connect` tries before it rejects, the loading of the wasm included: 1 or more, or `Infinity`. Default 60,000. */
  connectTimeout?: number;
  /** Called before the first connection, so that listeners see it from its first packet. */
  prepare?: (device: DeviceClient<any, any>) => void;
  /** The class to make sockets of: where the runtime has none (Node 20: the one of `ws`), or one that logs or proxies. */
  WebSocket?: WebSocketClass;
  /** Plug and Play model: `dtmi:com:example:Thermostat;1`. */
  modelId?: string;
  /** Added to the client type that the hub sees. */
  productInfo?: string;
  /** Ask the hub to forget the kept session. Default false. */
  cleanSession?: boolean;
  /** Sent as telemetry by the hub when the link dies without a goodbye. */
  will?: Will;
  /** Life of tokens that are signed here or asked for. Default 3,600. */
  tokenLifeSeconds?: number;
  /** Keep-alive announced to the hub, 1 to 1,177. Default 240. */
  keepAliveSeconds?: number;
  /** PINGREQ after so long without a byte from the hub. Default 30,000. */
  pingAfter?: number;
  /** The answer to it is due within this time. Default 10,000. */
  pingTimeout?: number;
  /** A PUBACK older than this asks for a PINGREQ at once. Default 10,000. */
  ackTimeout?: number;
  /** A socket has to open within this time. Default 30,000. */
  openTimeout?: number;
  /** CONNACK is due within this time. Default 60,000. */
  connackTimeout?: number;
  /** How long a renewal waits for open work; may be 0. Default 5,000. */
  drainTimeout?: number;
  /** Default time-out of twin calls. Default 60,000. */
  twinTimeout?: number;
  /** The socket's own buffer is kept below this. Default 1 MiB. */
  bufferedHighWater?: number;
  /** Waits after a lost link: full jitter up to a ceiling that doubles from `base` (1,000) to `cap` (30,000, no less than `base`). */
  backoff?: { base?: number; cap?: number };
  /** Waits after CONNACK 3. Default 5,000 to 300,000. */
  throttled?: { base?: number; cap?: number };
  /**
   * So many connections in a row that the hub ended within a minute (3; 0 for never) mean that another client has the
   * identity, unless the network ends other sockets too. Then wait 20,000 to 600,000 ms.
   */
  takenOver?: { after?: number; base?: number; cap?: number };
  /** Messages that wait for the link: 100,000 and 64 MiB; when full, `reject` (default) or `drop-oldest`. */
  outbox?: { messages?: number; bytes?: number; whenFull?: 'reject' | 'drop-oldest' };
  /** Messages on the wire without a PUBACK: 1,024 (at most 32,767) and 1 MiB. */
  window?: { messages?: number; bytes?: number };
}

/** Checked before the call begins: an unknown name, or a value that is none, rejects with `argument`. */
export interface CallOptions {
  /** Aborts the call; what has left may still reach the hub. */
  signal?: AbortSignal | undefined;
  /**
   * The call rejects with `timeout` after this many milliseconds; at once when that is 0 or less, never when it is
   * `Infinity`. Twin calls have `twinTimeout`, sends wait as long as the device lives.
   */
  timeout?: number | undefined;
}

export interface SendOptions extends CallOptions {
  /** 1 (default): resolves with the hub's PUBACK. 0: resolves when it leaves, no promise that it arrives. */
  qos?: 0 | 1;
}

/**
 * Text, bytes, or what JSON holds: a JSON value sets `contentType` and `contentEncoding` unless you do.
 *
 * JSON holds strings, booleans, finite numbers, null, arrays, plain objects, and what has a `toJSON` (a `Date`). A
 * member that is `undefined` is left out, as `JSON.stringify` does. All else (a `Map`, a `Blob`, a `Promise`, `NaN`, an
 * instance of a class, `undefined` in an array, …) rejects with `argument` and its place.
 */
export type Body = string | Uint8Array | ArrayBuffer | ArrayBufferView | JsonValue | object;
export type JsonValue =
  | null
  | boolean
  | number
  | string
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue | undefined };

export interface TelemetryMessage {
  body: Body;
  /** Up to 128 characters, like `correlationId`. Set one if your back end must recognise a message that came twice. */
  messageId?: string | undefined;
  correlationId?: string | undefined;
  userId?: string | undefined;
  /** `application/json` is what routing on the body needs. */
  contentType?: string | undefined;
  /** `utf-8`, `utf-16` or `utf-32`. */
  contentEncoding?: string | undefined;
  /** When it was measured: a valid `Date`, or ISO 8601 text. */
  creationTime?: Date | string | undefined;
  /** Plug and Play component. */
  component?: string | undefined;
  /** Output of a module. */
  output?: string | undefined;
  schema?: string | undefined;
  /** Marks the message for Defender for IoT. */
  securityMessage?: boolean | undefined;
  /** Your own properties: a plain object; values are strings. */
  properties?: Readonly<Record<string, string>> | undefined;
}

export interface Will extends TelemetryMessage {
  qos?: 0 | 1;
}

/** A cloud-to-device message (or, behind an Edge hub, a module's input message). */
export interface C2DMessage {
  readonly body: Uint8Array;
  /** The body as UTF-8 text. */
  text(): string;
  /** The body as JSON; throws what `JSON.parse` throws. */
  json(): unknown;
  readonly messageId?: string | null;
  readonly correlationId?: string | null;
  readonly userId?: string | null;
  readonly to?: string | null;
  readonly contentType?: string | null;
  readonly contentEncoding?: string | null;
  readonly creationTime?: string | null;
  readonly expiryTime?: string | null;
  readonly component?: string | null;
  readonly schema?: string | null;
  readonly connectionDeviceId?: string | null;
  readonly connectionModuleId?: string | null;
  readonly ack?: string | null;
  readonly operation?: string | null;
  /** The input of a module it came to. */
  readonly input?: string;
  /** The hub has sent it before. */
  readonly redelivered: boolean;
  /** Your own properties, and no inherited name; `null` where the sender gave no value. */
  readonly properties: Readonly<Record<string, string | null>>;
}

export type DeviceState = 'connecting' | 'connected' | 'reconnecting' | 'disconnected' | 'closed';

export interface StatusEvent extends Event {
  readonly state: DeviceState;
  /** A stable word: `connected`, `reconnected`, `token-renewed`, `network`, `silent`, `taken-over`, `unauthorized`, … */
  readonly reason: string;
  /** The same for people: what happened, and what to do. */
  readonly detail: string;
  /** When the next attempt is due, in milliseconds from now. */
  readonly retryIn: number | undefined;
}

export interface DeviceMessageEvent extends Event {
  readonly message: C2DMessage;
  /**
   * The message is acknowledged when all that was given here, and every promise that a listener returned, has
   * resolved, in the order received; until then more may be given. If anything rejects or a listener throws, it is
   * not, and no later one is: they come again on another connection, which the client makes after some seconds.
   */
  waitUntil(work: unknown): void;
}

export interface DesiredEvent<Desired extends object = Record<string, unknown>> extends Event {
  /** What changed; `null` for what was removed. The first event of each listener holds all there is, `{}` if it is nothing. */
  readonly patch: TwinPatch<Desired>;
  readonly version: number;
  /** Whether `patch` is all there is: so it is for a listener's first event, and for no later one. */
  readonly complete: boolean;
}

/** A change of a twin's section: any of its members, and `null` for what is removed. */
export type TwinPatch<Section> = {
  [Name in keyof Section]?:
    | (Section[Name] extends readonly unknown[]
        ? Section[Name]
        : Section[Name] extends object
          ? TwinPatch<Section[Name]>
          : Section[Name])
    | null;
};

/** A packet on the wire. A CONNECT has its signature cut out. */
export interface PacketEvent extends Event {
  readonly outgoing: boolean;
  readonly bytes: Uint8Array;
  /** The packet taken apart when you ask for it: `type` and the fields that this type has. */
  readonly packet: ({ type: string } & Record<string, unknown>) | undefined;
}

/** A handler of yours failed. A message's is not acknowledged; a method's caller gets a 500. */
export interface HandlerErrorEvent extends Event {
  readonly error: unknown;
  readonly during: 'message' | 'method';
}

export interface DeviceEventMap<Desired extends object = Record<string, unknown>> {
  status: StatusEvent;
  message: DeviceMessageEvent;
  desired: DesiredEvent<Desired>;
  packet: PacketEvent;
  handlererror: HandlerErrorEvent;
}

export interface MethodRequest<Payload = any> {
  readonly name: string;
  /** The payload: JSON when it is, else its text; `undefined` when there was none. */
  readonly payload: Payload;
  readonly text: string;
  /** Aborts when the link is lost: the caller has gone. */
  readonly signal: AbortSignal;
}

/**
 * Returns `{ status, payload }` and nothing beside them, or a payload without a `status` for status 200; throws for
 * 500, or for the error's own `status`. A payload is what JSON holds (see {@link Body}).
 */
export type MethodHandler<Payload = any> = (request: MethodRequest<Payload>) => unknown;

export interface Twin<
  Desired extends object = Record<string, unknown>,
  Reported extends object = Record<string, unknown>,
> {
  desired: Desired & { $version: number };
  reported: Reported & { $version: number };
}

export interface Metrics {
  /** Messages that wait in the outbox. */
  queued: number;
  /** Messages on the wire without a PUBACK. */
  inFlight: number;
  sent: number;
  acked: number;
  /** Sent again after a lost link. */
  resent: number;
  reconnects: number;
  /** Smoothed time from PUBLISH to PUBACK. */
  roundTripMs: number;
}

export interface ConnectionStringParts {
  host: string;
  deviceId: string;
  moduleId: string | undefined;
  gatewayHost: string | undefined;
  useLocalHub: boolean;
  port: number | undefined;
  credential: 'key' | 'sas';
  url: string;
}

/** What `addEventListener` takes in every runtime; written out, because not every runtime names these types. */
export type Listener<E> = ((event: E) => unknown) | { handleEvent(event: E): unknown } | null;
export interface ListenerOptions {
  capture?: boolean;
  once?: boolean;
  passive?: boolean;
  signal?: AbortSignal;
}

/** A device. `Desired` and `Reported` are the sections of its twin, when you have types for them. */
export declare class DeviceClient<
  Desired extends object = Record<string, unknown>,
  Reported extends object = Record<string, unknown>,
> extends EventTarget {
  private constructor();

  /**
   * Connects a device; resolves when the hub has accepted it, and delivers what the listeners and methods of `prepare`
   * asked for. What is given is read when it is called.
   */
  static connect<
    Desired extends object = Record<string, unknown>,
    Reported extends object = Record<string, unknown>,
  >(credentials: Credentials, options?: ConnectOptions): Promise<DeviceClient<Desired, Reported>>;

  /** Connects, sends what the list holds now, waits for every PUBACK, closes. It takes the identity's link over from a standing client. */
  static sendOnce(
    credentials: Credentials,
    messages: Iterable<TelemetryMessage>,
    options?: ConnectOptions & CallOptions,
  ): Promise<void>;

  /** Checks a device connection string and gives its parts, without the key. */
  static parseConnectionString(text: string): Promise<ConnectionStringParts>;

  readonly state: DeviceState;
  /** Why it is in this state: the `reason` of the last `status` event. */
  readonly reason: string;
  /** They keep their last values when the device is closed. */
  readonly metrics: Metrics;

  /** Sends a message. While the link is away it waits in the outbox. */
  send(message: TelemetryMessage, options?: SendOptions): Promise<void>;

  getTwin(options?: CallOptions): Promise<Twin<Desired, Reported>>;

  /** Merges `patch` into the reported properties; `null` removes. An Edge hub gives no version back. */
  updateReported(
    patch: string extends keyof Reported ? object : TwinPatch<Reported>,
    options?: CallOptions,
  ): Promise<{ version: number | undefined }>;

  /**
   * Resolves when the hub has confirmed the subscriptions of all listeners and methods so far: a caller finds them.
   * Like other calls it waits while the connection is away.
   */
  subscribed(options?: CallOptions): Promise<void>;

  /** Handles a method, or with `'*'` every method that has no handler of its own. Gives a function that takes it off. */
  onMethod<Payload = any>(name: string, handler: MethodHandler<Payload>): () => void;

  /**
   * Closes after open work and running handlers, at the latest after `drain` (default 5,000; 0 cuts at once). What
   * was handled is acknowledged first. In a handler call it without `await`.
   */
  close(options?: { drain?: number }): Promise<void>;

  [Symbol.asyncDispose](): Promise<void>;

  addEventListener<K extends keyof DeviceEventMap>(
    type: K,
    listener: Listener<DeviceEventMap<Desired>[K]>,
    options?: boolean | ListenerOptions,
  ): void;
  removeEventListener<K extends keyof DeviceEventMap>(
    type: K,
    listener: Listener<DeviceEventMap<Desired>[K]>,
    options?: boolean | { capture?: boolean },
  ): void;
}

/** Every failure of the client. Branch on `code`; the docs have a table of all of them. */
export declare class IotHubError extends Error {
  constructor(code: IotHubErrorCode, message: string, more?: { retryable?: boolean; cause?: unknown });
  readonly name: 'IotHubError';
  readonly code: IotHubErrorCode;
  /** Whether the same call may succeed later without a change. */
  readonly retryable: boolean;
}

export type IotHubErrorCode =
  | 'connection-string'
  | 'hub-connection-string'
  | 'key-format'
  | 'identity'
  | 'host-name'
  | 'local-hub-only'
  | 'client-certificate'
  | 'argument'
  | 'quality-of-service'
  | 'property-name'
  | 'message-too-large'
  | 'topic-too-long'
  | 'outbox-full'
  | 'outbox-dropped'
  | 'closed'
  | 'aborted'
  | 'timeout'
  | 'network'
  | 'unauthorized'
  | 'token-expired'
  | 'token-provider'
  | 'clock-off'
  | 'hub-unavailable'
  | 'hub-refused'
  | 'taken-over'
  | 'throttled'
  | 'twin-bad-request'
  | 'twin-precondition'
  | 'hub-error'
  | 'protocol'
  | 'runtime'
  | 'internal';
