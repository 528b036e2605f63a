/**
 * A bad network between a client and the hub, from a seed: bytes take 15 ms each way, and every two seconds the
 * connections are cut, or (where all troubles are asked for) stall, or go half-open. It reads along, and keeps the books: which message left how often and with which flag, and which the
 * hub acknowledged. Used by the soak.
 */
import net from 'node:net';
import { PacketReader, publishOf } from './stream.mjs';

const PERIOD_MS = 2_000;
/** One way, so that every cut meets messages and answers that are under way. */
const LATENCY_MS = 15;
/** A half-open link is forgotten by the network after this long, as routers do. */
const HALF_OPEN_MS = 60_000;
/** One of the first troubles is a half-open link, whatever the seed. */
const SURE_HALF_OPEN = 4;
const PUBLISH = 3;
const PUBACK = 4;

/** What was seen of the messages, by their number. */
export class Books {
  /** How often each left the client. @type {Map<number, number>} */
  left = new Map();
  /** How often the hub acknowledged each. @type {Map<number, number>} */
  acknowledged = new Map();
  copies = 0;
  /** Copies after the first that left without DUP. */
  unmarked = 0;

  /** @param {{ dup: boolean, payload: Buffer }} publish */
  leaves({ dup, payload }) {
    const number = Number.parseInt(payload.toString('latin1', 0, 10), 10);
    const before = this.left.get(number) ?? 0;
    this.left.set(number, before + 1);
    if (before > 0) {
      this.copies += 1;
      if (!dup) this.unmarked += 1;
    }
    return number;
  }

  /** Messages that the hub took more than once. */
  get duplicated() {
    return [...this.acknowledged.values()].filter((times) => times > 1).length;
  }
}

/** A 32-bit xorshift: the same troubles for the same seed. @param {number} seed */
export function randomFrom(seed) {
  // Neighbouring seeds begin far apart.
  let state = Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Timers of one length fire in the order they were set: nothing is overtaken. @param {net.Socket} to @param {Buffer} bytes */
function later(to, bytes) {
  setTimeout(() => to.writable && to.write(bytes), LATENCY_MS);
}

/** One connection through the proxy. */
class Link {
  #up = new PacketReader();
  #down = new PacketReader();
  /** Numbers of messages by packet id. @type {Map<number, number>} */
  #flying = new Map();
  halfOpen = false;
  stalled = false;

  /** @param {net.Socket} client @param {net.Socket} hub @param {Books} books */
  constructor(client, hub, books) {
    this.client = client;
    this.hub = hub;
    client.on('data', (bytes) => {
      this.#read(bytes, books);
      if (!this.halfOpen) later(hub, bytes);
    });
    hub.on('data', (bytes) => {
      if (this.halfOpen) return;
      this.#answered(bytes, books);
      later(client, bytes);
    });
    for (const end of [client, hub]) {
      end.setNoDelay(true);
      end.on('error', () => {}); // its close follows, and that is what counts
      end.on('close', () => this.cut());
    }
  }

  /** @param {Buffer} bytes @param {Books} books */
  #read(bytes, books) {
    for (const packet of this.#up.push(bytes)) {
      if (packet.type !== PUBLISH) continue;
      const publish = publishOf(packet);
      const number = books.leaves(publish);
      if (!this.halfOpen) this.#flying.set(publish.id, number);
    }
  }

  /** @param {Buffer} bytes @param {Books} books */
  #answered(bytes, books) {
    for (const packet of this.#down.push(bytes)) {
      if (packet.type !== PUBACK) continue;
      const id = packet.body.readUInt16BE(0);
      const number = this.#flying.get(id);
      this.#flying.delete(id);
      if (number !== undefined) {
        books.acknowledged.set(number, (books.acknowledged.get(number) ?? 0) + 1);
      }
    }
  }

  cut() {
    this.client.destroy();
    this.hub.destroy();
  }

  /** @param {number} ms */
  stall(ms) {
    this.client.pause();
    this.hub.pause();
    this.stalled = true;
    return setTimeout(() => {
      this.stalled = false;
      this.client.resume();
      this.hub.resume();
    }, ms);
  }
}

/** The proxy. */
export class BadNetwork {
  books = new Books();
  troubles = { cut: 0, stall: 0, halfOpen: 0 };
  /** @type {Set<Link>} */
  #links = new Set();
  /** @type {Set<NodeJS.Timeout>} */
  #timers = new Set();
  #server = net.createServer();
  #port = 0;
  /** @type {'all' | 'cuts'} */
  #kinds = 'all';

  /** Opens one in front of the hub at `port`. @param {number} port @param {number} seed @param {'all' | 'cuts'} kinds */
  static async open(port, seed, kinds) {
    const network = new BadNetwork();
    network.#kinds = kinds;
    const random = randomFrom(seed);
    network.#server.on('connection', (client) => {
      const link = new Link(client, net.connect(port, '127.0.0.1'), network.books);
      network.#links.add(link);
      client.on('close', () => network.#links.delete(link));
    });
    await new Promise((resolve) => network.#server.listen(0, '127.0.0.1', () => resolve(undefined)));
    const address = /** @type {net.AddressInfo} */ (network.#server.address());
    network.#port = address.port;
    const clock = setInterval(() => network.#trouble(random), PERIOD_MS);
    network.#timers.add(clock);
    return network;
  }

  get port() {
    return this.#port;
  }

  /** No more troubles: what is open may end in peace, and half-open links are forgotten. */
  calm() {
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers.clear();
    for (const link of this.#links) {
      if (link.halfOpen) link.cut();
      if (link.stalled) link.stall(0);
    }
  }

  async close() {
    this.calm();
    for (const link of this.#links) link.cut();
    await new Promise((resolve) => this.#server.close(() => resolve(undefined)));
  }

  /** @param {() => number} random */
  #trouble(random) {
    const [kind, length] = [random(), random()];
    const count = this.troubles.cut + this.troubles.stall + this.troubles.halfOpen;
    const links = [...this.#links].filter((link) => !link.halfOpen);
    if (links.length === 0) return;
    if (this.#kinds === 'cuts') {
      this.troubles.cut += 1;
      for (const link of links) link.cut();
    } else if (count === SURE_HALF_OPEN || kind < 0.05) {
      this.troubles.halfOpen += 1;
      for (const link of links) link.halfOpen = true;
      const forget = () => {
        for (const link of links) link.cut();
      };
      this.#timers.add(setTimeout(forget, HALF_OPEN_MS));
    } else if (kind < 0.25) {
      this.troubles.stall += 1;
      for (const link of links) this.#timers.add(link.stall(500 + length * 1_000));
    } else {
      this.troubles.cut += 1;
      for (const link of links) link.cut();
    }
  }
}
