/**
 * Reads one MQTT 3.1.1 packet for people: its kind, its fields, its topic and payload. It never throws; a packet that it
 * cannot read is shown as bytes. The reducer of the wire calls it for each packet the client hands over.
 */

export type PacketKind =
  | 'CONNECT'
  | 'CONNACK'
  | 'PUBLISH'
  | 'PUBACK'
  | 'SUBSCRIBE'
  | 'SUBACK'
  | 'UNSUBSCRIBE'
  | 'UNSUBACK'
  | 'PINGREQ'
  | 'PINGRESP'
  | 'DISCONNECT'
  | 'UNKNOWN';

export interface Packet {
  readonly kind: PacketKind;
  /** PUBLISH, PUBACK, SUBSCRIBE and so on carry one when they need an answer. */
  readonly packetId: number | null;
  readonly topic: string | null;
  readonly payload: Uint8Array | null;
  /** Everything else worth showing, by its name in the specification. */
  readonly fields: readonly (readonly [name: string, value: string])[];
}

const KINDS: readonly PacketKind[] = [
  'UNKNOWN',
  'CONNECT',
  'CONNACK',
  'PUBLISH',
  'PUBACK',
  'UNKNOWN',
  'UNKNOWN',
  'UNKNOWN',
  'SUBSCRIBE',
  'SUBACK',
  'UNSUBSCRIBE',
  'UNSUBACK',
  'PINGREQ',
  'PINGRESP',
  'DISCONNECT',
  'UNKNOWN',
];

/** What a CONNACK code means for an IoT Hub. */
const CONNACK_MEANING: Readonly<Record<number, string>> = {
  0: 'accepted',
  1: 'protocol version refused',
  2: 'client id refused',
  3: 'hub unavailable',
  4: 'bad user name or password',
  5: 'not authorized',
};

export function readPacket(bytes: Uint8Array): Packet {
  const kind = KINDS[(bytes[0] ?? 0) >> 4] ?? 'UNKNOWN';
  try {
    return readBody(kind, new Reader(bytes));
  } catch {
    return { ...EMPTY, kind, fields: [['unreadable', 'the packet ends before its last field']] };
  }
}

const EMPTY = { packetId: null, topic: null, payload: null, fields: [] };

function readBody(kind: PacketKind, reader: Reader): Packet {
  switch (kind) {
    case 'CONNECT':
      return { ...EMPTY, kind, fields: connectFields(reader) };
    case 'CONNACK': {
      const session = reader.byte() & 1;
      const code = reader.byte();
      const meaning = CONNACK_MEANING[code] ?? 'unknown';
      return {
        ...EMPTY,
        kind,
        fields: [
          ['return code', `${code} ${meaning}`],
          ['session present', yes(session)],
        ],
      };
    }
    case 'PUBLISH':
      return publish(reader);
    case 'SUBSCRIBE':
      return { ...EMPTY, kind, packetId: reader.short(), fields: filters(reader, true) };
    case 'UNSUBSCRIBE':
      return { ...EMPTY, kind, packetId: reader.short(), fields: filters(reader, false) };
    case 'SUBACK':
      return { ...EMPTY, kind, packetId: reader.short(), fields: granted(reader) };
    case 'PUBACK':
    case 'UNSUBACK':
      return { ...EMPTY, kind, packetId: reader.short() };
    default:
      return { ...EMPTY, kind };
  }
}

function publish(reader: Reader): Packet {
  const qos = (reader.flags >> 1) & 3;
  const topic = reader.text();
  const packetId = qos > 0 ? reader.short() : null;
  const fields: [string, string][] = [['QoS', String(qos)]];
  if ((reader.flags & 8) !== 0) fields.push(['DUP', 'yes: it was sent before']);
  if ((reader.flags & 1) !== 0) fields.push(['RETAIN', 'yes']);
  return { kind: 'PUBLISH', packetId, topic, payload: reader.rest(), fields };
}

function connectFields(reader: Reader): [string, string][] {
  const protocol = reader.text();
  const level = reader.byte();
  const flags = reader.byte();
  const keepAlive = reader.short();
  const fields: [string, string][] = [
    ['protocol', `${protocol} level ${level}`],
    ['client id', reader.text()],
    ['clean session', yes(flags & 2)],
    ['keep-alive', `${keepAlive} s`],
  ];
  if ((flags & 4) !== 0) {
    fields.push(['will topic', reader.text()], ['will message', reader.text()]);
  }
  if ((flags & 128) !== 0) fields.push(['user name', reader.text()]);
  if ((flags & 64) !== 0) fields.push(...tokenFields(reader.text()));
  return fields;
}

/** A token is shown as whom it is for and when it ends, and nothing more. */
export function tokenFields(password: string): [string, string][] {
  const part = (name: string) => new RegExp(`(?:^|[ &])${name}=([^&]*)`).exec(password)?.[1];
  const audience = part('sr');
  const ends = Number(part('se'));
  const fields: [string, string][] = [];
  if (audience !== undefined) fields.push(['token for', decoded(audience)]);
  if (ends > 0) fields.push(['token ends', new Date(ends * 1000).toISOString()]);
  return fields.length > 0 ? fields : [['password', 'not shown']];
}

function filters(reader: Reader, withQos: boolean): [string, string][] {
  const found: [string, string][] = [];
  while (reader.more()) found.push(['filter', reader.text() + (withQos ? ` · QoS ${reader.byte()}` : '')]);
  return found;
}

function granted(reader: Reader): [string, string][] {
  const found: [string, string][] = [];
  while (reader.more()) {
    const code = reader.byte();
    found.push(['granted', code === 0x80 ? 'refused' : `QoS ${code}`]);
  }
  return found;
}

const yes = (bit: number) => (bit === 0 ? 'no' : 'yes');

export function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Walks through a packet behind its fixed header. */
class Reader {
  readonly flags: number;
  private at: number;
  private readonly view: DataView;

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.flags = this.view.getUint8(0) & 15;
    this.at = 1;
    while ((this.byte() & 0x80) !== 0);
  }

  byte(): number {
    this.at += 1;
    return this.view.getUint8(this.at - 1);
  }

  short(): number {
    this.at += 2;
    return this.view.getUint16(this.at - 2);
  }

  text(): string {
    const length = this.short();
    this.at += length;
    if (this.at > this.bytes.length) throw new RangeError('past the end');
    return new TextDecoder().decode(this.bytes.subarray(this.at - length, this.at));
  }

  rest(): Uint8Array {
    return this.bytes.slice(this.at);
  }

  more(): boolean {
    return this.at < this.bytes.length;
  }
}
