/**
 * What the page needs from a hub, whichever it is: one in this page, one on this computer, or one in Azure. The session
 * (`app/run.ts`) holds exactly one; views never see it, they dispatch intents.
 */
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

export interface Hub {
  readonly kind: HubKind;
  /** Where it is, in words for people: an address, or "this page". */
  readonly place: string;
  /** Makes the device if it is not there, and answers its connection string. */
  provision(deviceId: string): Promise<string>;
  /** Tells every event from now on, until the signal aborts. */
  listen(told: { event(event: HubEvent): void; stream(state: StreamState): void }, signal: AbortSignal): void;
  sendCloudToDevice(deviceId: string, message: CloudToDevice): Promise<void>;
}

/** A hub said no, or could not be reached. The message is for people and says what to do. */
export class HubProblem extends Error {
  override readonly name = 'HubProblem';
}
