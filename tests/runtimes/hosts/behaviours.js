/**
 * What a device does, as one list for every runtime. It takes the library and the address of a hub and gives a
 * result for each behaviour; a host of some lines runs it in a page, a worker, Node, Deno, Bun and workerd.
 */
import { createDevice } from './service.js';

const DEADLINE = 90_000;

/**
 * What a behaviour works with.
 * @typedef {object} Ground
 * @property {typeof import('iothub-wasm').DeviceClient} DeviceClient
 * @property {typeof import('iothub-wasm').IotHubError} IotHubError
 * @property {import('./service.js').Service} service
 * @property {string} deviceId
 * @property {string} connectionString
 * @property {() => Promise<import('iothub-wasm').DeviceClient>} connect
 * @property {import('iothub-wasm').ConnectOptions} options
 * @typedef {{ name: string, error?: string }} Result
 */

/** @type {Record<string, (ground: Ground) => Promise<void>>} */
const BEHAVIOURS = {
  'connects, and says so': async ({ connect, service }) => {
    const device = await connect();
    equal(device.state, 'connected');
    equal(device.metrics.reconnects, 0);
    await service.events('connection', (event) => event.state === 'connected');
  },

  'sends text, JSON and bytes with their properties': async ({ connect, service }) => {
    const device = await connect();
    await Promise.all([
      device.send({ body: 'grün', messageId: 'a', properties: { level: 'high & low' } }),
      device.send({ body: { t: 21.5 }, messageId: 'b' }),
      device.send({ body: new Uint8Array([0, 255]), messageId: 'c' }, { qos: 0 }),
    ]);
    const [a, b, c] = await service.events('telemetry', () => true, 3);
    equal([a.body, a.properties], ['grün', { level: 'high & low' }]);
    equal([JSON.parse(b.body), b.systemProperties['content-type']], [{ t: 21.5 }, 'application/json']);
    equal(c.bodyBase64, 'AP8=');
  },

  'gets messages that waited and messages that come': async ({ connect, service }) => {
    await service.sendMessage({ body: 'early', messageId: 'early', properties: { n: '1' } });
    const device = await connect();
    const messages = take(device, 'message', 2);
    await service.sendMessage({ body: 'late', messageId: 'late' });
    const [early, late] = (await messages).map((event) => event.message);
    equal([early.text(), early.messageId, early.properties], ['early', 'early', { n: '1' }]);
    equal(late.text(), 'late');
    await service.events('c2d', (event) => event.state === 'completed', 2);
  },

  'keeps its twin in step': async ({ connect, service }) => {
    await service.setDesired({ interval: 5 });
    const device = await connect();
    const [first] = await take(device, 'desired', 1);
    equal(first.patch.interval, 5);
    // Another listener begins with all there is, too.
    const next = take(device, 'desired', 2);
    await service.setDesired({ interval: 7 });
    equal(
      (await next).map(({ patch }) => patch.interval),
      [5, 7],
    );
    const { version } = await device.updateReported({ interval: 7, gone: null });
    equal(version, 2);
    const twin = await device.getTwin();
    equal([twin.desired.interval, twin.reported.interval], [7, 7]);
  },

  'answers methods': async ({ connect, service }) => {
    const device = await connect();
    device.onMethod('add', async ({ payload }) => ({ status: 201, payload: { sum: payload.a + payload.b } }));
    device.onMethod('fail', () => {
      throw new Error('out of paper');
    });
    equal(await service.invoke('add', { a: 2, b: 3 }), { status: 201, payload: { sum: 5 } });
    const failed = await service.invoke('fail', null);
    equal([failed.status, failed.payload.error], [500, 'out of paper']);
    equal((await service.invoke('unknown', null)).status, 501);
  },

  'comes back after a cut and loses nothing': async ({ connect, service }) => {
    const device = await connect();
    const back = take(device, 'status', 1, (event) => event.reason === 'reconnected');
    const ids = Array.from({ length: 50 }, (_, number) => `m${number}`);
    const sends = ids.map((messageId) => device.send({ body: 'x', messageId }));
    await service.cut();
    sends.push(device.send({ body: 'x', messageId: 'after' }));
    await back;
    await Promise.all(sends);
    const missing = new Set([...ids, 'after']);
    await service.events('telemetry', ({ systemProperties }) => {
      missing.delete(systemProperties['message-id']);
      return missing.size === 0;
    });
    equal(device.state, 'connected');
  },

  'says what is wrong with a key': async ({ DeviceClient, IotHubError, connectionString, options }) => {
    const wrong = connectionString.replace(/SharedAccessKey=[^;]+/, `SharedAccessKey=${btoa('wrong')}`);
    const error = await failure(DeviceClient.connect(wrong, options));
    equal([error instanceof IotHubError, error.code], [true, 'unauthorized']);
  },

  'asks a provider for its token': async ({ DeviceClient, deviceId, service, options }) => {
    const { hostname, port } = new URL(service.hub);
    let asked = 0;
    const token = async () => {
      asked += 1;
      const body = JSON.stringify({ deviceId, seconds: 600 });
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(`${service.hub}/local/tokens`, { method: 'POST', headers, body });
      return /** @type {{ token: string }} */ (await answer.json()).token;
    };
    const credentials = { host: hostname, deviceId, token, useLocalHub: true, port: Number(port) };
    const device = await DeviceClient.connect(credentials, options);
    await device.send({ body: 'with a token' });
    await device.close();
    equal(asked, 1);
  },

  'closes, and says so to whoever asks later': async ({ connect, service }) => {
    const device = await connect();
    const last = device.send({ body: 'last' });
    await device.close();
    await last;
    equal(device.state, 'closed');
    equal((await failure(device.send({ body: 'too late' }))).code, 'closed');
    await service.events('connection', (event) => event.state === 'disconnected');
  },

  'is disposed of by the language': async ({ connect, service }) => {
    if (typeof Symbol.asyncDispose !== 'symbol') return; // no `await using` there, and nothing to break
    const device = await connect();
    await device[Symbol.asyncDispose]();
    equal(device.state, 'closed');
    await service.events('connection', (event) => event.state === 'disconnected');
  },

  'sends once: connects, sends, closes': async ({ DeviceClient, connectionString, service, options }) => {
    const messages = [{ body: 'one' }, { body: 'two' }, { body: 'three' }];
    await DeviceClient.sendOnce(connectionString, messages, options);
    const seen = await service.events('telemetry', () => true, 3);
    equal(
      seen.map((event) => event.body),
      ['one', 'two', 'three'],
    );
    await service.events('connection', (event) => event.state === 'disconnected');
  },
};

/** Their names, for whoever counts the results. */
export const NAMES = Object.keys(BEHAVIOURS);

/**
 * Runs all of them, one after the other; none keeps the next from running.
 * @param {typeof import('iothub-wasm')} library
 * @param {{ hub: string, options?: import('iothub-wasm').ConnectOptions }} where
 * @returns {Promise<Result[]>}
 */
export async function runBehaviours({ DeviceClient, IotHubError }, { hub, options = {} }) {
  /** @type {Result[]} */
  const results = [];
  const quick = { backoff: { base: 50, cap: 500 }, connectTimeout: 60_000, ...options };
  for (const [name, behaviour] of Object.entries(BEHAVIOURS)) {
    /** @type {import('iothub-wasm').DeviceClient[]} */
    const devices = [];
    try {
      const made = await createDevice(hub);
      const connect = async () => {
        const device = await DeviceClient.connect(made.connectionString, quick);
        devices.push(device);
        return device;
      };
      await within(behaviour({ DeviceClient, IotHubError, ...made, connect, options: quick }));
      results.push({ name });
    } catch (error) {
      results.push({ name, error: String(/** @type {any} */ (error)?.stack ?? error) });
    }
    await Promise.all(devices.map((device) => device.close({ drain: 0 })));
  }
  return results;
}

/** @param {unknown} got @param {unknown} wanted */
function equal(got, wanted) {
  const [left, right] = [JSON.stringify(got), JSON.stringify(wanted)];
  if (left !== right) throw new Error(`got ${left}, wanted ${right}`);
}

/** @param {Promise<unknown>} promise @returns {Promise<any>} */
async function failure(promise) {
  let value;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  throw new Error(`it should have failed, and gave ${JSON.stringify(value)}`);
}

/**
 * The next events of a kind.
 * @param {EventTarget} target @param {string} type @param {number} count @param {(event: any) => boolean} [wanted]
 * @returns {Promise<any[]>}
 */
function take(target, type, count, wanted = () => true) {
  return new Promise((resolve) => {
    /** @type {Event[]} */
    const seen = [];
    const listener = (/** @type {Event} */ event) => {
      if (!wanted(event) || seen.push(event) < count) return;
      target.removeEventListener(type, listener);
      resolve(seen);
    };
    target.addEventListener(type, listener);
  });
}

/** @param {Promise<void>} work */
async function within(work) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${DEADLINE} ms`)), DEADLINE);
  });
  try {
    await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
