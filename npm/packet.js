/**
 * Reads one MQTT 3.1.1 packet for an inspector: its type and the fields that this type has; nothing for bytes that
 * are no packet. Called by `events.js` when somebody asks for `event.packet`; the device reads its packets in wasm.
 */

/** By the upper four bits of the first byte. */
const TYPES =
  ' CONNECT CONNACK PUBLISH PUBACK PUBREC PUBREL PUBCOMP SUBSCRIBE SUBACK UNSUBSCRIBE UNSUBACK PINGREQ PINGRESP DISCONNECT'.split(
    ' ',
  );

/** @param {Uint8Array} bytes @returns {({ type: string } & Record<string, unknown>) | undefined} */
export function readPacket(bytes) {
  const first = bytes[0] ?? 0;
  const type = TYPES[first >> 4];
  if (!type) return undefined;
  let at = 1;
  while ((bytes[at++] ?? 0) > 127);
  const byte = () => {
    const value = bytes[at++];
    if (value === undefined) throw new RangeError('the packet is cut off');
    return value;
  };
  const number = () => (byte() << 8) | byte();
  const text = () => {
    const end = number() + at;
    if (end > bytes.length) throw new RangeError('the packet is cut off');
    const read = new TextDecoder().decode(bytes.subarray(at, end));
    at = end;
    return read;
  };
  try {
    return { type, ...fieldsOf(type, first, { byte, number, text, rest: () => bytes.slice(at) }) };
  } catch {
    return undefined;
  }
}

/**
 * @param {string} type @param {number} first
 * @param {{ byte: () => number, number: () => number, text: () => string, rest: () => Uint8Array }} read in the order of the packet
 */
function fieldsOf(type, first, { byte, number, text, rest }) {
  if (type === 'CONNECT') {
    text();
    byte();
    const flags = byte();
    const keepAlive = number();
    const clientId = text();
    for (let will = flags & 4; will > 0; will -= 2) text();
    const userName = flags & 128 ? text() : '';
    const password = flags & 64 ? text() : '';
    return { clientId, userName, password, keepAlive, cleanSession: (flags & 2) > 0 };
  }
  if (type === 'CONNACK') return { sessionPresent: (byte() & 1) > 0, returnCode: byte() };
  if (type === 'PUBLISH') {
    const topic = text();
    const qos = (first >> 1) & 3;
    const packetId = qos ? number() : null;
    return { topic, qos, dup: (first & 8) > 0, retain: (first & 1) > 0, packetId, payload: rest() };
  }
  if (type.startsWith('PING') || type === 'DISCONNECT') return {};
  const packetId = number();
  if (type !== 'SUBSCRIBE') return { packetId };
  const filters = [];
  while (rest().length > 0) {
    filters.push(text());
    byte();
  }
  return { packetId, filters };
}
