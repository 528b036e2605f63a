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

  /** @param {Record<string, unknown>} patch @param {number} version @override */
  async onDesired(patch, version) {
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

  /** Memory and sockets go, storage and the alarm stay. */
  evict() {
    this.ctx.abort('evicted by the test');
  }
}

export class Standing extends Recording {}

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
