/**
 * A device that lives in a Cloudflare Durable Object: one object for each identity.
 *
 * Extend it, export the class from your Worker, bind it as a Durable Object, and call it by the device's id:
 * `env.DEVICES.getByName('truck-7').send({ body: { t: 21.5 } })`.
 */
import type { C2DMessage, ConnectOptions, Credentials, MethodHandler, TelemetryMessage } from './index.js';

/** What `status()` gives, and pages see. */
export interface DeviceObjectStatus {
  state: 'connecting' | 'connected' | 'reconnecting' | 'disconnected' | 'closed';
  reason: string;
  mode: 'standing' | 'windowed' | 'on-demand';
  /** Messages that are stored and not acknowledged; after an eviction it may say too many until they were sent. */
  queued: number;
  /** `onDesired` has handled every change up to this version; -1 before the first. */
  desiredVersion: number;
}

/** What `onDropped` is told of: a message, or a reported patch. */
export type Dropped = TelemetryMessage | { reported: Record<string, unknown> };

export declare class IotHubDeviceObject<Env = unknown> {
  constructor(ctx: any, env: Env);
  protected ctx: any;
  protected env: Env;

  /**
   * `standing` (default) keeps a link; `windowed` connects every `every` milliseconds for `window` milliseconds;
   * `on-demand` connects while a page is attached or something waits to be sent.
   */
  mode: 'standing' | 'windowed' | 'on-demand';
  /** Milliseconds between alarms. Default 60,000; 900,000 when windowed. */
  every: number | undefined;
  /** Milliseconds that a window is open at most, and that it tries to connect. Default 20,000. */
  window: number;
  /** Messages that may be stored; `send` rejects with `outbox-full` beyond. Default 10,000. */
  maxQueued: number;
  /** Handlers of methods by name, called with the object as `this`. */
  methods: Record<string, MethodHandler>;

  /** Who the device is. Write this one. */
  credentials(): Credentials | Promise<Credentials>;
  /** Options of the link. */
  options(): ConnectOptions;
  /** A cloud-to-device message; acknowledged when what this returns has resolved. */
  onMessage(message: C2DMessage): unknown;
  /**
   * A change of the desired properties; `null` for what was removed. One call at a time, in the order of the versions,
   * also across evictions: what changed while the object was away comes as one change. After a throw the version stays,
   * later changes are still raised, and what was missed is raised again with the next alarm or connection.
   */
  onDesired(patch: Record<string, unknown>, version: number): unknown;
  /** What was stored and can never be sent: a reported patch that the hub refuses, for one. The rest goes on. */
  onDropped(dropped: Dropped, error: unknown): unknown;

  /**
   * Stores a message; it is sent when there is a connection, and kept until the hub has acknowledged it. One that the
   * hub would refuse rejects here.
   */
  send(message: TelemetryMessage): Promise<{ messageId: string }>;
  /**
   * Stores a patch of the reported properties; it is sent when there is a connection. One that is known to be refused
   * rejects here; what only the hub can know (the size of the whole section) comes to `onDropped`.
   */
  updateReported(patch: object): Promise<void>;
  status(): DeviceObjectStatus;

  /** A WebSocket upgrade attaches a page, which gets the live state as JSON; anything else gets the status. */
  fetch(request: Request): Promise<Response>;
  alarm(): Promise<void>;
  webSocketMessage(): void;
  webSocketClose(socket: any): Promise<void>;
  webSocketError(socket: any): Promise<void>;
}

export { IotHubError } from './index.js';
