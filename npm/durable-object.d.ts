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
  /** Messages that are stored and not acknowledged. */
  queued: number;
  /** The desired version that `onDesired` has handled; -1 before the first. */
  desiredVersion: number;
}

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
  /** Milliseconds that a window is open. Default 20,000. */
  window: number;
  /** Handlers of methods by name, called with the object as `this`. */
  methods: Record<string, MethodHandler>;

  /** Who the device is. Write this one. */
  credentials(): Credentials | Promise<Credentials>;
  /** Options of the link. */
  options(): ConnectOptions;
  /** A cloud-to-device message; acknowledged when what this returns has resolved. */
  onMessage(message: C2DMessage): unknown;
  /** A change of the desired properties, once for each version, also across evictions. A throw brings it again. */
  onDesired(patch: Record<string, unknown>, version: number): unknown;
  /** A message that the client refuses for good (too large, for one). */
  onDropped(message: TelemetryMessage, error: unknown): void;

  /** Stores a message; it is sent when there is a link, and kept until the hub has acknowledged it. */
  send(message: TelemetryMessage): Promise<{ messageId: string }>;
  /** Stores a patch of the reported properties; it is sent when there is a link. */
  updateReported(patch: Record<string, unknown>): Promise<void>;
  status(): DeviceObjectStatus;

  /** A WebSocket upgrade attaches a page, which gets the live state as JSON; anything else gets the status. */
  fetch(request: Request): Promise<Response>;
  alarm(): Promise<void>;
  webSocketMessage(): void;
  webSocketClose(socket: any): Promise<void>;
}

export { IotHubError } from './index.js';
