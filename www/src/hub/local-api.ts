/**
 * What a hub of ours answers on `/local`, as calls: make a device, send to it, read and change its twin, call its
 * methods, disable it, make trouble. How a request travels is given in, so that the hub on this computer (HTTP) and the
 * hub in this page (a function call) share every word of it.
 */
import { isObject, type Json, type JsonObject, withoutMeta } from '../twin/json.js';
import {
  type CloudToDevice,
  HubProblem,
  type Identity,
  type MethodResult,
  type ServiceSide,
  type ServiceTwin,
} from './hub.js';

export interface LocalAnswer {
  readonly status: number;
  readonly text: string;
}

export interface LocalAsk {
  readonly method: string;
  /** Below `/local/`. */
  readonly path: string;
  readonly body?: unknown;
  /** What is there is changed: without it the hub takes a PUT for something new. */
  readonly update?: boolean;
  /** How long the answer may take. */
  readonly withinMs?: number | undefined;
}

/** Carries one request to the hub. */
export type LocalRequest = (ask: LocalAsk) => Promise<LocalAnswer>;

/** Makes the device unless it is there, and answers its connection string. Asks in a way that is never an error. */
export async function provision(request: LocalRequest, deviceId: string): Promise<string> {
  const all = await call(request, 'GET', 'devices');
  const known = Array.isArray(all)
    ? all.filter(isObject).find((device) => isDevice(device, deviceId))
    : undefined;
  const device = known ?? (await call(request, 'PUT', at(deviceId), {}));
  const connectionString = isObject(device) ? device.connectionString : undefined;
  if (typeof connectionString === 'string') return connectionString;
  throw new HubProblem(
    `the hub gave no connection string for ${deviceId}: the device has no key; delete it and try again`,
  );
}

/** The same for many, asking once what is there. */
export async function provisionMany(
  request: LocalRequest,
  deviceIds: readonly string[],
): Promise<Map<string, string>> {
  const all = await call(request, 'GET', 'devices');
  const known = new Map<string, Json>();
  for (const device of Array.isArray(all) ? all.filter(isObject) : []) {
    if (device.moduleId == null) known.set(String(device.deviceId), device);
  }
  const made = new Map<string, string>();
  for (const deviceId of deviceIds) {
    const device = known.get(deviceId) ?? (await call(request, 'PUT', at(deviceId), {}));
    if (isObject(device) && typeof device.connectionString === 'string')
      made.set(deviceId, device.connectionString);
  }
  return made;
}

const isDevice = (device: JsonObject, deviceId: string) =>
  device.deviceId === deviceId && device.moduleId == null;

/** `dialled` turns a connection string into one that another program can use. */
export function serviceSide(
  request: LocalRequest,
  dialled: ((connectionString: string) => string) | null = null,
): ServiceSide {
  return {
    sendCloudToDevice: async (deviceId, message) => {
      await call(request, 'POST', `${at(deviceId)}/messages`, messageJson(message));
    },
    twin: async (deviceId) => readTwin(await call(request, 'GET', `${at(deviceId)}/twin`)),
    patchDesired: async (deviceId, patch) =>
      readTwin(await call(request, 'PATCH', `${at(deviceId)}/twin`, { properties: { desired: patch } })),
    callMethod: async (deviceId, method) => {
      const { responseTimeoutInSeconds = 30, connectTimeoutInSeconds = 0 } = method;
      const withinMs = (responseTimeoutInSeconds + connectTimeoutInSeconds + 5) * 1_000;
      return readResult(await call(request, 'POST', `${at(deviceId)}/methods`, method, { withinMs }));
    },
    devices: async () => readIdentities(await call(request, 'GET', 'devices')),
    createDevice: async (deviceId) => void (await call(request, 'PUT', at(deviceId), {})),
    connectionString:
      dialled === null
        ? null
        : async (deviceId) => {
            const identity = await call(request, 'GET', at(deviceId));
            const text = isObject(identity) ? identity.connectionString : null;
            if (typeof text === 'string') return dialled(text);
            throw new HubProblem(`the device ${deviceId} has no key, so there is no connection string`);
          },
    setEnabled: async (deviceId, enabled) => {
      const identity = await call(request, 'GET', at(deviceId));
      if (!isObject(identity)) throw new HubProblem(`the hub answered without the device ${deviceId}`);
      const { connectionString: _, ...rest } = identity;
      const document = { ...rest, status: enabled ? 'enabled' : 'disabled' };
      await call(request, 'PUT', at(deviceId), document, { update: true });
    },
    removeDevice: async (deviceId) => void (await call(request, 'DELETE', at(deviceId))),
    trouble: async (fault) => void (await call(request, 'POST', 'faults', { ...fault })),
    endTrouble: async () => void (await call(request, 'DELETE', 'faults')),
  };
}

const at = (deviceId: string) => `devices/${encodeURIComponent(deviceId)}`;

/** One call: its JSON answer, or a problem in the hub's own words. */
export async function call(
  request: LocalRequest,
  method: string,
  path: string,
  body?: unknown,
  more: Pick<LocalAsk, 'update' | 'withinMs'> = {},
): Promise<Json> {
  const answer = await request({ method, path, body, ...more });
  if (answer.status < 400) return answer.text === '' ? null : (JSON.parse(answer.text) as Json);
  throw new HubProblem(refusal(answer));
}

/** The hub's errors come as one object, as a text `ErrorCode:Name;words`, or as JSON inside JSON. */
export function refusal({ status, text }: LocalAnswer): string {
  const outer = parsed(text);
  if (!isObject(outer)) return `${status}: ${text.slice(0, 200) || 'the hub did not say why'}`;
  const inner = typeof outer.Message === 'string' ? parsed(outer.Message) : null;
  const source = isObject(inner) ? inner : outer;
  const words =
    [source.message, source.Message].find((said) => typeof said === 'string') ?? text.slice(0, 200);
  const code = typeof source.errorCode === 'number' ? ` (${source.errorCode})` : '';
  return `${status}${code}: ${String(words).replace(/^ErrorCode:(\w+);/, '$1: ')}`;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function messageJson({ properties = {}, ...rest }: CloudToDevice): CloudToDevice {
  return Object.keys(properties).length > 0 ? { ...rest, properties } : rest;
}

function readTwin(value: Json): ServiceTwin {
  const properties = isObject(value) && isObject(value.properties) ? value.properties : {};
  const section = (name: string) => (isObject(properties[name]) ? (properties[name] as JsonObject) : {});
  const version = (name: string) => Number(section(name).$version ?? 0);
  return {
    desired: withoutMeta(section('desired')),
    reported: withoutMeta(section('reported')),
    desiredVersion: version('desired'),
    reportedVersion: version('reported'),
  };
}

function readResult(value: Json): MethodResult {
  if (!isObject(value)) throw new HubProblem('the hub answered the call without a result');
  return { status: Number(value.status), payload: value.payload ?? null };
}

function readIdentities(value: Json): readonly Identity[] {
  if (!Array.isArray(value)) return [];
  return value
    .filter((identity) => isObject(identity) && identity.moduleId == null)
    .map((identity) => ({
      deviceId: String(identity.deviceId),
      status: identity.status === 'disabled' ? ('disabled' as const) : ('enabled' as const),
      connectionState:
        identity.connectionState === 'Connected' ? ('Connected' as const) : ('Disconnected' as const),
    }));
}
