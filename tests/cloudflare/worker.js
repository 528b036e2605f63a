/**
 * The example's Worker with what a test needs besides: its device in every mode with short times, a way to end an
 * object as the platform does, and calls of its methods by path: `/test/{binding}/{id}/{method}`.
 */
import example, { Thermostat } from '../../examples/cloudflare-device/src/index.js';

export { Thermostat };

/** Records what its class methods were told, in storage, so that it outlives evictions. */
class Recording extends Thermostat {
  /** @override */
  every = 1_000;

  /** @override */
  options() {
    return { backoff: { base: 50, cap: 500 }, takenOver: { after: 0 }, connectTimeout: 20_000 };
  }

  /** @override */
  async credentials() {
    if (await this.ctx.storage.get('away')) throw new Error('the test keeps it away');
    return super.credentials();
  }

  /** Whether it may connect. @param {boolean} away */
  async keepAway(away) {
    await this.ctx.storage.put('away', away);
  }

  /** @type {unknown[]} */
  tried = [];
  /** @type {{ interval: unknown, fail: () => void } | undefined} */
  #held;

  /** The handler of this interval waits, and fails when `release` is called. @param {unknown} interval */
  hold(interval) {
    this.#held = { interval, fail: () => {} };
  }

  release() {
    this.#held?.fail();
    this.#held = undefined;
  }

  attempts() {
    return this.tried;
  }

  /** @param {Record<string, unknown>} patch @param {number} version @override */
  async onDesired(patch, version) {
    this.tried.push(patch);
    const held = this.#held;
    if (held !== undefined && held.interval === patch.interval)
      await new Promise((_, reject) => {
        held.fail = () => reject(new Error('the test wants it to fail'));
      });
    await super.onDesired(patch, version);
    await this.ctx.storage.put('seen', [...(await this.seen()), { patch, version }]);
  }

  /** @param {import('iothub-wasm').C2DMessage} message @override */
  async onMessage(message) {
    await this.ctx.storage.put('read', [...(await this.read()), message.text()]);
  }

  async seen() {
    return (await this.ctx.storage.get('seen')) ?? [];
  }

  async read() {
    return (await this.ctx.storage.get('read')) ?? [];
  }

  /** @param {any} dropped @param {any} error @override */
  async onDropped(dropped, error) {
    await this.ctx.storage.put('dropped', [...(await this.dropped()), { dropped, code: error.code }]);
  }

  async dropped() {
    return (await this.ctx.storage.get('dropped')) ?? [];
  }

  /** How much is stored under a prefix. @param {string} prefix */
  async stored(prefix) {
    return (await this.ctx.storage.list({ prefix })).size;
  }

  /** What an object of an earlier version may have stored. */
  async plant() {
    const poison = { body: 'x', messageId: 'poison', creationTime: new Date(Number.NaN) };
    await this.ctx.storage.put('outbox:000000000000000', poison);
  }

  /** A body that the storage cannot take. @param {number} bytes */
  sendBytes(bytes) {
    return this.send({ body: new Uint8Array(bytes) });
  }

  /** The storage takes no functions. */
  async sendUnstored() {
    const { storage } = this.ctx;
    const original = storage.put.bind(storage);
    storage.put = (/** @type {string} */ key, /** @type {any} */ value) =>
      original(key, key.startsWith('outbox:') ? { ...value, body: () => {} } : value);
    await this.send({ body: 'x' }).finally(() => {
      storage.put = original;
    });
  }

  /** @param {number} date */
  sendDated(date) {
    return this.send({ body: 'x', creationTime: new Date(date ?? Number.NaN) });
  }

  /** The platform ends the object just before it writes down that a patch was taken. */
  endAtTaken() {
    const { storage } = this.ctx;
    const original = storage.delete.bind(storage);
    storage.delete = (/** @type {any} */ key) => {
      if (String(key).startsWith('reported:')) this.evict();
      return original(key);
    };
  }

  /** From now on, nothing can be said to the pages. */
  closePages() {
    for (const page of this.ctx.getWebSockets()) page.close();
    return this.ctx.getWebSockets().length;
  }

  /** Memory and sockets go, storage and the alarm stay. */
  evict() {
    this.ctx.abort('evicted by the test');
  }
}

export class Standing extends Recording {}

/** With room for few messages, in the older kind of storage. */
export class Small extends Recording {
  /** @override */
  maxQueued = 3;
}

/** With a class of its own for sockets. */
export class OwnSocket extends Recording {
  /** @override */
  options() {
    return { ...super.options(), WebSocket: class extends WebSocket {} };
  }
}

export class Windowed extends Recording {
  /** @override */
  mode = /** @type {const} */ ('windowed');
  /** @override */
  every = 3_000;
  /** @override */
  window = 2_000;
}

export class OnDemand extends Recording {
  /** @override */
  mode = /** @type {const} */ ('on-demand');
}

export default {
  /** @param {Request} request @param {any} env */
  async fetch(request, env) {
    const [, test, binding, id, method] = new URL(request.url).pathname.split('/');
    if (test !== 'test') return example.fetch(request, env);
    const stub = env[binding ?? ''].getByName(id);
    if (method === 'attach') return stub.fetch(request);
    try {
      const given = request.method === 'POST' ? [await request.json()] : [];
      return Response.json((await stub[method ?? ''](...given)) ?? null);
    } catch (error) {
      return new Response(String(error), { status: 500 });
    }
  },
};
