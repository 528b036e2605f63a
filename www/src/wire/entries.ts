/** Makes one line of the wire from a packet, a state of the client, or an event of the hub. Pure; used by the reducer. */
import type { DeviceStatus } from '../device/state.js';
import { bodyText, type HubEvent } from '../hub/hub-event.js';
import { type Packet, readPacket } from './packet.js';
import type { WireEntry, WireKind, WireSide, WireTone } from './state.js';
import { type Conversation, readTopic, type TopicParts } from './topic.js';

/** A line before it has its place in the list. */
export type Draft = Omit<WireEntry, 'key' | 'partner' | 'tookMs'>;

const PLAIN = { tone: 'plain', packet: null, detail: null, awaits: null, answers: null } as const;

export function packetDraft(at: number, outgoing: boolean, bytes: Uint8Array): Draft {
  const read = readPacket(bytes);
  const topic = read.topic === null ? null : readTopic(read.topic);
  const side: WireSide = outgoing ? 'out' : 'in';
  return {
    ...PLAIN,
    at,
    side,
    kind: packetKind(read, topic),
    tone: packetTone(read, topic),
    title: read.kind,
    summary: packetSummary(read, topic),
    packet: { bytes, read, topic },
    ...tags(read, topic, outgoing),
  };
}

export function statusDraft(at: number, status: DeviceStatus): Draft {
  const { state, reason, detail, retryAt } = status;
  const tone: WireTone =
    state === 'connected' ? 'good' : state === 'connecting' || state === 'closed' ? 'plain' : 'bad';
  const retry = retryAt === null ? '' : `next attempt in ${((retryAt - at) / 1_000).toFixed(1)} s`;
  const summary = [reason, detail, retry].filter((part) => part !== '').join(' · ');
  return { ...PLAIN, at, side: 'client', kind: 'link', tone, title: state, summary };
}

const EVENT_KINDS: Readonly<Record<string, WireKind>> = {
  twin: 'twin',
  c2d: 'c2d',
  feedback: 'c2d',
  method: 'method',
};

/** The hub's word on it; telemetry is left out, because its packet is there already. */
export function hubDraft(at: number, event: HubEvent): Draft | null {
  if (event.type === 'telemetry') return null;
  if (event.type === 'connection') {
    const tone = event.state === 'connected' ? 'good' : 'bad';
    return { ...PLAIN, at, side: 'hub', kind: 'link', tone, title: event.state, summary: event.reason };
  }
  const state = event.detail.state;
  const title = typeof state === 'string' ? `${event.type} ${state}` : event.type;
  const tone: WireTone = event.type === 'refused' ? 'bad' : 'plain';
  const kind = EVENT_KINDS[event.type] ?? 'link';
  return { ...PLAIN, at, side: 'hub', kind, tone, title, summary: eventSummary(event), detail: event.detail };
}

function eventSummary(event: Exclude<HubEvent, { type: 'telemetry' | 'connection' }>): string {
  const { section, patch, version, name, status, messageId, what } = event.detail;
  const parts = [
    section,
    patch === undefined ? undefined : JSON.stringify(patch),
    name,
    status,
    messageId,
    what,
  ];
  if (typeof version === 'number') parts.push(`$version ${version}`);
  return [event.reason, ...parts]
    .filter((part) => part !== undefined && part !== null && part !== '')
    .join(' · ');
}

const CONVERSATION_KINDS: Readonly<Record<Conversation, WireKind>> = {
  telemetry: 'telemetry',
  c2d: 'c2d',
  'twin-get': 'twin',
  'twin-patch': 'twin',
  'twin-answer': 'twin',
  desired: 'twin',
  'method-call': 'method',
  'method-answer': 'method',
  other: 'telemetry',
};

function packetKind(read: Packet, topic: TopicParts | null): WireKind {
  if (topic !== null) return CONVERSATION_KINDS[topic.conversation];
  if (read.kind === 'PINGREQ' || read.kind === 'PINGRESP') return 'ping';
  return read.kind === 'PUBACK' ? 'telemetry' : 'link';
}

function packetTone(read: Packet, topic: TopicParts | null): WireTone {
  if (read.kind === 'CONNACK') return read.fields[0]?.[1].startsWith('0') ? 'good' : 'bad';
  return topic?.status !== undefined && topic?.status !== null && topic.status >= 400 ? 'bad' : 'plain';
}

function packetSummary(read: Packet, topic: TopicParts | null): string {
  if (topic !== null)
    return [conversationText(topic), payloadText(read)].filter((text) => text !== '').join(' · ');
  const fields = read.fields.map(([name, value]) => `${name} ${value}`).join(' · ');
  return read.packetId === null
    ? fields
    : [`packet ${read.packetId}`, fields].filter((text) => text !== '').join(' · ');
}

function conversationText(topic: TopicParts): string {
  const parts: (string | null)[] = [topic.conversation.replace('-', ' '), topic.method];
  if (topic.status !== null) parts.push(String(topic.status));
  if (topic.version !== null) parts.push(`$version ${topic.version}`);
  return parts.filter((part) => part !== null).join(' ');
}

const SUMMARY_TAKES = 120;

function payloadText(read: Packet): string {
  return read.payload === null ? '' : bodyText(readableBody(read.payload)).slice(0, SUMMARY_TAKES);
}

/** Text where the bytes are UTF-8, else a word about them. */
export function readableBody(bytes: Uint8Array): { readonly text: string } {
  try {
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return { text: `${bytes.length} bytes` };
  }
}

/** What ties question and answer together: packet ids, request ids, or the order of pings. */
function tags(read: Packet, topic: TopicParts | null, outgoing: boolean): Pick<Draft, 'awaits' | 'answers'> {
  const asks = (awaits: string) => ({ awaits, answers: null });
  const says = (answers: string) => ({ awaits: null, answers });
  switch (read.kind) {
    case 'CONNECT':
      return asks('connack');
    case 'CONNACK':
      return says('connack');
    case 'PINGREQ':
      return asks('pingresp');
    case 'PINGRESP':
      return says('pingresp');
    case 'SUBSCRIBE':
    case 'UNSUBSCRIBE':
      return asks(`suback ${read.packetId}`);
    case 'SUBACK':
    case 'UNSUBACK':
      return says(`suback ${read.packetId}`);
    case 'PUBACK':
      return says(`puback ${outgoing ? 'in' : 'out'} ${read.packetId}`);
    default:
      return topic === null ? { awaits: null, answers: null } : publishTags(read, topic, outgoing);
  }
}

function publishTags(read: Packet, topic: TopicParts, outgoing: boolean): Pick<Draft, 'awaits' | 'answers'> {
  const { conversation, requestId } = topic;
  if (conversation === 'twin-get' || conversation === 'twin-patch')
    return { awaits: `twin ${requestId}`, answers: null };
  if (conversation === 'twin-answer') return { awaits: null, answers: `twin ${requestId}` };
  if (conversation === 'method-call') return { awaits: `method ${requestId}`, answers: null };
  if (conversation === 'method-answer') return { awaits: null, answers: `method ${requestId}` };
  const awaits = read.packetId === null ? null : `puback ${outgoing ? 'out' : 'in'} ${read.packetId}`;
  return { awaits, answers: null };
}
