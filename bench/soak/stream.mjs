/**
 * What an onlooker needs to read MQTT on its way through WebSocket: frames out of bytes, packets out of frames.
 * Used by `proxy.mjs`; written apart from the client, so that the two do not share a mistake.
 */

/** @typedef {{ type: number, flags: number, body: Buffer }} Packet */

/** Bytes that wait for the rest of theirs. */
class Held {
  /** @type {Buffer} */
  bytes = Buffer.alloc(0);

  /** @param {Buffer} more */
  push(more) {
    this.bytes = this.bytes.length === 0 ? more : Buffer.concat([this.bytes, more]);
  }

  /** @param {number} count */
  take(count) {
    const taken = this.bytes.subarray(0, count);
    this.bytes = this.bytes.subarray(count);
    return taken;
  }
}

/** One direction of a WebSocket connection: its HTTP head is skipped, its frames are opened. */
export class PacketReader {
  #head = true;
  #frames = new Held();
  #packets = new Held();

  /** Packets that these bytes complete. @param {Buffer} bytes @returns {Packet[]} */
  push(bytes) {
    this.#frames.push(bytes);
    if (this.#head) {
      const end = this.#frames.bytes.indexOf('\r\n\r\n');
      if (end < 0) return [];
      this.#frames.take(end + 4);
      this.#head = false;
    }
    for (let payload = this.#frame(); payload; payload = this.#frame()) this.#packets.push(payload);
    const packets = [];
    for (let packet = this.#packet(); packet; packet = this.#packet()) packets.push(packet);
    return packets;
  }

  /** The payload of the next whole frame; that of a control frame is left out. */
  #frame() {
    const { bytes } = this.#frames;
    if (bytes.length < 2) return undefined;
    const masked = (bytes[1] & 0x80) !== 0;
    let [length, at] = [bytes[1] & 0x7f, 2];
    if (length === 126) {
      if (bytes.length < 4) return undefined;
      [length, at] = [bytes.readUInt16BE(2), 4];
    } else if (length === 127) {
      if (bytes.length < 10) return undefined;
      [length, at] = [Number(bytes.readBigUInt64BE(2)), 10];
    }
    const whole = at + (masked ? 4 : 0) + length;
    if (bytes.length < whole) return undefined;
    const frame = this.#frames.take(whole);
    const payload = Buffer.from(frame.subarray(whole - length));
    if (masked) {
      for (let i = 0; i < length; i++) payload[i] ^= frame[at + (i & 3)];
    }
    return (frame[0] & 0x08) === 0 ? payload : Buffer.alloc(0);
  }

  /** @returns {Packet | undefined} */
  #packet() {
    const { bytes } = this.#packets;
    let [length, shift, at] = [0, 0, 1];
    for (; ; at++) {
      if (bytes.length <= at) return undefined;
      length |= (bytes[at] & 0x7f) << shift;
      shift += 7;
      if ((bytes[at] & 0x80) === 0) break;
    }
    if (bytes.length < at + 1 + length) return undefined;
    const packet = this.#packets.take(at + 1 + length);
    return { type: packet[0] >> 4, flags: packet[0] & 15, body: packet.subarray(at + 1) };
  }
}

/** A PUBLISH, taken apart. @param {Packet} packet */
export function publishOf({ flags, body }) {
  const topic = 2 + body.readUInt16BE(0);
  const qos = (flags >> 1) & 3;
  return {
    dup: (flags & 8) !== 0,
    id: qos > 0 ? body.readUInt16BE(topic) : 0,
    payload: body.subarray(topic + (qos > 0 ? 2 : 0)),
  };
}
