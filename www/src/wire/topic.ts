/**
 * What a topic says in IoT Hub's own words: which conversation it belongs to, its parts, its properties, the request id
 * that ties a question to its answer. Pure; the inspector shows it, the wire's reducer matches by it.
 */
import type { Properties } from '../hub/hub-event.js';
import { decoded } from './packet.js';

export type Conversation =
  | 'telemetry'
  | 'c2d'
  | 'twin-get'
  | 'twin-patch'
  | 'twin-answer'
  | 'desired'
  | 'method-call'
  | 'method-answer'
  | 'other';

export interface TopicParts {
  readonly conversation: Conversation;
  readonly deviceId: string | null;
  readonly moduleId: string | null;
  readonly method: string | null;
  readonly status: number | null;
  readonly requestId: string | null;
  readonly version: number | null;
  readonly properties: Properties;
  readonly systemProperties: Properties;
}

/** The short names of the system properties in a property bag, and the names that routing and the SDKs use. */
const SYSTEM: Readonly<Record<string, string>> = {
  '$.mid': 'message-id',
  '$.cid': 'correlation-id',
  '$.uid': 'user-id',
  '$.to': 'to',
  '$.ct': 'content-type',
  '$.ce': 'content-encoding',
  '$.ctime': 'iothub-creation-time-utc',
  '$.exp': 'absolute-expiry-time',
  '$.on': 'output-name',
  '$.sub': 'dt-subject',
  '$.ifid': 'interface-id',
};

const NOTHING: TopicParts = {
  conversation: 'other',
  deviceId: null,
  moduleId: null,
  method: null,
  status: null,
  requestId: null,
  version: null,
  properties: {},
  systemProperties: {},
};

export function readTopic(topic: string): TopicParts {
  return readMessageTopic(topic) ?? readTwinTopic(topic) ?? readMethodTopic(topic) ?? NOTHING;
}

function readMessageTopic(topic: string): TopicParts | null {
  const found = /^devices\/([^/]+)(?:\/modules\/([^/]+))?\/messages\/(events|devicebound)(?:\/(.*))?$/s.exec(
    topic,
  );
  if (found === null) return null;
  const [, device = '', module, way, bag = ''] = found;
  return {
    ...NOTHING,
    conversation: way === 'events' ? 'telemetry' : 'c2d',
    deviceId: decoded(device),
    moduleId: module === undefined ? null : decoded(module),
    ...readBag(bag),
  };
}

function readTwinTopic(topic: string): TopicParts | null {
  const found =
    /^\$iothub\/twin\/(GET|PATCH\/properties\/reported|PATCH\/properties\/desired|res\/(\d+))\/?\??(.*)$/s;
  const parts = found.exec(topic);
  if (parts === null) return null;
  const [, what = '', status, query = ''] = parts;
  return { ...NOTHING, conversation: twinConversation(what), status: numberOr(status), ...readQuery(query) };
}

function twinConversation(what: string): Conversation {
  if (what === 'GET') return 'twin-get';
  if (what.endsWith('reported')) return 'twin-patch';
  return what.endsWith('desired') ? 'desired' : 'twin-answer';
}

function readMethodTopic(topic: string): TopicParts | null {
  const call = /^\$iothub\/methods\/POST\/([^/]+)\/?\??(.*)$/s.exec(topic);
  if (call !== null) {
    return { ...NOTHING, conversation: 'method-call', method: call[1] ?? null, ...readQuery(call[2] ?? '') };
  }
  const answer = /^\$iothub\/methods\/res\/(-?\d+)\/?\??(.*)$/s.exec(topic);
  if (answer === null) return null;
  return {
    ...NOTHING,
    conversation: 'method-answer',
    status: numberOr(answer[1]),
    ...readQuery(answer[2] ?? ''),
  };
}

function readQuery(query: string): Pick<TopicParts, 'requestId' | 'version'> {
  const pairs = new URLSearchParams(query);
  return { requestId: pairs.get('$rid'), version: numberOr(pairs.get('$version')) };
}

/** A bag keeps names and values percent-encoded; a name without `=` has no value at all. */
function readBag(bag: string): Pick<TopicParts, 'properties' | 'systemProperties'> {
  const properties: Record<string, string | null> = {};
  const systemProperties: Record<string, string | null> = {};
  for (const pair of bag.split('&').filter((text) => text !== '')) {
    const cut = pair.indexOf('=');
    const name = decoded(cut < 0 ? pair : pair.slice(0, cut));
    const value = cut < 0 ? null : decoded(pair.slice(cut + 1));
    const known = SYSTEM[name] ?? (name.startsWith('$.') ? name : undefined);
    if (known === undefined) properties[name] = value;
    else systemProperties[known] = value;
  }
  return { properties, systemProperties };
}

function numberOr(text: string | null | undefined): number | null {
  return text === null || text === undefined || text === '' || Number.isNaN(Number(text))
    ? null
    : Number(text);
}
