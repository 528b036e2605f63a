/**
 * What a hub tells about itself: one event of its stream, read defensively, because the hub may be newer or older than
 * this page. The hubs of this folder produce them, the service reducer keeps them.
 */
import type { HubEvent as PackageEvent } from 'iothub-wasm/hub';

export type Properties = Readonly<Record<string, string | null>>;

interface Common {
  /** Unique within this page. */
  readonly id: string;
  /** Wall clock of the hub, ISO 8601. */
  readonly at: string;
  readonly deviceId: string | null;
  readonly moduleId: string | null;
}

export interface TelemetryEvent extends Common {
  readonly type: 'telemetry';
  readonly body: Body;
  readonly properties: Properties;
  readonly systemProperties: Properties;
}

export interface ConnectionEvent extends Common {
  readonly type: 'connection';
  readonly state: 'connected' | 'disconnected';
  readonly reason: string;
}

/** Twin changes, method calls, C2D outcomes, refusals, lifecycle: shown in the timeline with what they carry. */
export interface OtherEvent extends Common {
  readonly type: (typeof OTHERS)[number];
  readonly reason: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

export type HubEvent = TelemetryEvent | ConnectionEvent | OtherEvent;

/** A message body: text where it is text, else its bytes. */
export type Body = { readonly text: string } | { readonly base64: string };

const OTHERS = [
  'twin',
  'c2d',
  'feedback',
  'method',
  'lifecycle',
  'refused',
  'control',
] as const satisfies readonly PackageEvent['type'][];

/** The `event:` names a stream is listened to for. */
export const EVENT_TYPES = ['telemetry', 'connection', ...OTHERS] as const;

/** One event from its JSON; `null` for a type that this page does not know. */
export function readHubEvent(id: string, data: unknown): HubEvent | null {
  if (!isRecord(data)) return null;
  const common: Common = {
    id,
    at: textOr(data.at, new Date(0).toISOString()),
    deviceId: textOr(data.deviceId, null),
    moduleId: textOr(data.moduleId, null),
  };
  const type = data.type;
  if (type === 'telemetry') {
    return {
      ...common,
      type,
      body: readBody(data),
      properties: readProperties(data.properties),
      systemProperties: readProperties(data.systemProperties),
    };
  }
  if (type === 'connection') {
    const state = data.state === 'connected' ? 'connected' : 'disconnected';
    return { ...common, type, state, reason: readReason(data) };
  }
  const other = OTHERS.find((name) => name === type);
  return other === undefined ? null : { ...common, type: other, reason: readReason(data), detail: data };
}

/** The body as it is shown: text, or a word about bytes that are no text. */
export function bodyText(body: Body): string {
  return 'text' in body ? body.text : `base64 ${body.base64}`;
}

function readBody(data: Record<string, unknown>): Body {
  const base64 = data.bodyBase64;
  return typeof base64 === 'string' ? { base64 } : { text: textOr(data.body, '') };
}

function readProperties(value: unknown): Properties {
  if (!isRecord(value)) return {};
  return Object.fromEntries(
    Object.entries(value).map(([name, text]) => [name, text === null ? null : String(text)]),
  );
}

/** A reason is a sentence, or a stable code with a sentence beside it. */
function readReason(data: Record<string, unknown>): string {
  const { reason } = data;
  if (isRecord(reason))
    return [reason.code, reason.message].filter((part) => typeof part === 'string').join(': ');
  const sentence = data.message ?? data.detail;
  if (typeof reason !== 'string') return typeof sentence === 'string' ? sentence : '';
  return typeof sentence === 'string' && sentence !== '' ? `${reason}: ${sentence}` : reason;
}

function textOr<Other>(value: unknown, other: Other): string | Other {
  return typeof value === 'string' ? value : other;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
