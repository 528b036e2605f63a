/**
 * The hub's service side over REST, as the official service SDKs speak it: twins, methods, the registry. The local hub
 * uses it; a hub in Azure does not let pages call it (no CORS).
 */
import { isObject, type Json, type JsonObject, withoutMeta } from '../twin/json.js';
import { HubProblem, type Identity, type MethodRequest, type MethodResult, type ServiceTwin } from './hub.js';
import { readServiceConnectionString, serviceToken } from './sas.js';

const API_VERSION = '2021-04-12';
const TOKEN_LIFE_S = 3_600;
const RENEW_BEFORE_S = 300;
const ANSWER_WITHIN_MS = 10_000;

export interface ServiceRest {
  twin(deviceId: string): Promise<ServiceTwin>;
  patchDesired(deviceId: string, patch: JsonObject): Promise<ServiceTwin>;
  callMethod(deviceId: string, request: MethodRequest): Promise<MethodResult>;
  devices(): Promise<readonly Identity[]>;
  setEnabled(deviceId: string, enabled: boolean): Promise<void>;
  removeDevice(deviceId: string): Promise<void>;
}

export function createServiceRest(base: URL, connectionString: string): ServiceRest {
  const call = createCall(base, connectionString);
  const at = (kind: 'twins' | 'devices', deviceId: string) => `${kind}/${encodeURIComponent(deviceId)}`;
  return {
    twin: async (deviceId) => readTwin(await call('GET', at('twins', deviceId))),
    patchDesired: async (deviceId, patch) =>
      readTwin(await call('PATCH', at('twins', deviceId), { properties: { desired: patch } })),
    callMethod: async (deviceId, request) =>
      readResult(
        await call(
          'POST',
          `${at('twins', deviceId)}/methods`,
          {
            methodName: request.name,
            payload: request.payload,
            responseTimeoutInSeconds: request.responseTimeout,
            connectTimeoutInSeconds: request.connectTimeout,
          },
          (request.responseTimeout + request.connectTimeout) * 1_000,
        ),
      ),
    devices: async () => readIdentities(await call('GET', 'devices?top=1000')),
    setEnabled: async (deviceId, enabled) => {
      const identity = await call('GET', at('devices', deviceId));
      if (!isObject(identity)) throw new HubProblem(`the hub answered without the device ${deviceId}`);
      await call('PUT', at('devices', deviceId), { ...identity, status: enabled ? 'enabled' : 'disabled' });
    },
    removeDevice: async (deviceId) => void (await call('DELETE', at('devices', deviceId))),
  };
}

type Call = (method: string, path: string, body?: Json, extraMs?: number) => Promise<unknown>;

function createCall(base: URL, connectionString: string): Call {
  const credentials = readServiceConnectionString(connectionString);
  let token = { text: '', expires: 0 };
  const fresh = async () => {
    const now = Math.floor(Date.now() / 1_000);
    if (credentials === null)
      throw new HubProblem('the hub gave no service connection string: update iothub-local');
    if (token.expires - RENEW_BEFORE_S < now) {
      const expires = now + TOKEN_LIFE_S;
      token = { text: await serviceToken(credentials, expires), expires };
    }
    return token.text;
  };
  return async (method, path, body, extraMs = 0) => {
    const url = new URL(path, base);
    url.searchParams.set('api-version', API_VERSION);
    const headers: Record<string, string> = { authorization: await fresh() };
    if (body !== undefined) headers['content-type'] = 'application/json; charset=utf-8';
    if (method !== 'GET' && method !== 'POST') headers['if-match'] = '"*"';
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS + extraMs);
    const init = { method, headers, signal, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    const response = await fetch(url, init).catch((cause: unknown) => {
      throw new HubProblem(`the hub at ${base.host} did not answer: is iothub-local still running?`, {
        cause,
      });
    });
    const text = await response.text();
    if (!response.ok) throw new HubProblem(refusal(response, text));
    return text === '' ? null : (JSON.parse(text) as unknown);
  };
}

/** Both forms of the hub's errors: a text `ErrorCode:Name;words`, or JSON inside JSON. */
export function refusal(response: Pick<Response, 'status' | 'headers'>, text: string): string {
  const name = response.headers.get('iothub-errorcode');

  return [String(response.status), name, words(text)]
    .filter((part) => part !== null && part !== '')
    .join(' · ');
}

function words(text: string): string {
  const outer = parsed(text);
  const said = isObject(outer) ? outer.Message : undefined;
  if (typeof said !== 'string') return text.slice(0, 200);
  const inner = parsed(said);
  if (isObject(inner) && typeof inner.message === 'string') return inner.message;
  return said.replace(/^ErrorCode:\w+;/, '');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function readTwin(value: unknown): ServiceTwin {
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

function readResult(value: unknown): MethodResult {
  if (!isObject(value)) throw new HubProblem('the hub answered the call without a result');
  return { status: Number(value.status), payload: value.payload ?? null };
}

function readIdentities(value: unknown): readonly Identity[] {
  if (!Array.isArray(value)) return [];
  return value.filter(isObject).map((identity) => ({
    deviceId: String(identity.deviceId),
    enabled: identity.status !== 'disabled',
    connected: identity.connectionState === 'Connected',
  }));
}
