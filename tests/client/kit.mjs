/**
 * What a test page of the suite `client` has as `kit`: waiting with a deadline, failures as plain values, and a
 * record of all that the client showed the page, which `secrets.mjs` searches at the end.
 */

/** Only what never comes takes so long. */
const DEADLINE = 60_000;

/** @typedef {import('iothub-wasm').DeviceClient} DeviceClient */
/** @typedef {{ name: string, code: string, message: string, retryable: boolean, cause: string | undefined }} Failure */

/** @type {string[]} */
const record = [];
/** @type {DeviceClient[]} */
const made = [];

/** Keeps what an application can see of a device. @param {DeviceClient} device */
function watch(device) {
  made.push(device);
  device.addEventListener('status', (event) =>
    record.push(`status ${event.state} ${event.reason} ${event.detail}`),
  );
  device.addEventListener('handlererror', (event) => remember(event.error));
  return device;
}

/** @param {any} error */
function remember(error) {
  record.push(`error ${String(error)} ${error?.stack} ${String(error?.cause)} ${JSON.stringify(error)}`);
}

/** Connects as an application does. @param {any} credentials @param {import('iothub-wasm').ConnectOptions} [options] */
async function connect(credentials, options) {
  return watch(await iothub.DeviceClient.connect(credentials, options));
}

/** What a promise failed with. @param {Promise<unknown>} promise @returns {Promise<Failure>} */
function failure(promise) {
  return promise.then(
    () => ({ name: 'resolved', code: 'resolved', message: '', retryable: false, cause: undefined }),
    (error) => {
      remember(error);
      const { name, code, message, retryable } = error;
      const cause = error.cause === undefined ? undefined : String(error.cause);
      return { name, code, message, retryable, cause };
    },
  );
}

/**
 * Rejects when a promise takes too long, so that no test hangs without a word.
 * @template T
 * @param {string} what @param {Promise<T>} promise @param {number} [ms]
 * @returns {Promise<T>}
 */
function within(what, promise, ms = DEADLINE) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ${what} within ${ms} ms`)), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/**
 * The next event that is wanted.
 * @param {EventTarget} target @param {string} type @param {(event: any) => boolean} [wanted] @param {number} [ms]
 * @returns {Promise<any>}
 */
function next(target, type, wanted = () => true, ms = DEADLINE) {
  const found = new Promise((resolve) => {
    const listener = (/** @type {Event} */ event) => {
      if (!wanted(event)) return;
      target.removeEventListener(type, listener);
      resolve(event);
    };
    target.addEventListener(type, listener);
  });
  return within(`"${type}" event`, found, ms);
}

/** The next status with this reason. @param {DeviceClient} device @param {string} reason @param {number} [ms] */
function reason(device, reason, ms = DEADLINE) {
  return next(device, 'status', (event) => event.reason === reason, ms);
}

/** Every status from now on, as `state reason`. @param {DeviceClient} device @returns {string[]} */
function statuses(device) {
  /** @type {string[]} */
  const seen = [];
  device.addEventListener('status', (event) => seen.push(`${event.state} ${event.reason}`));
  return seen;
}

/** Every desired change from now on, and a wait for one. @param {DeviceClient} device */
function desired(device) {
  /** @type {{ patch: any, version: number }[]} */
  const seen = [];
  device.addEventListener('desired', ({ patch, version }) => seen.push({ patch, version }));
  const until = async (/** @type {number} */ version) => {
    if (seen.some((change) => change.version === version)) return;
    await next(device, 'desired', (event) => event.version === version);
  };
  return { seen, until };
}

/** A promise with its handles. @returns {{ promise: Promise<any>, resolve: (value?: any) => void, reject: (error: any) => void }} */
function deferred() {
  /** @type {any} */
  const made = {};
  made.promise = new Promise((resolve, reject) => Object.assign(made, { resolve, reject }));
  return made;
}

/** A `WebSocket` that counts its frames and shows what it was asked for. */
function countingSocket() {
  const seen = {
    frames: 0,
    bytes: 0,
    urls: /** @type {string[]} */ ([]),
    protocols: /** @type {any[]} */ ([]),
  };
  class CountingSocket extends WebSocket {
    /** @param {string} url @param {string} protocols */
    constructor(url, protocols) {
      super(url, protocols);
      seen.urls.push(url);
      seen.protocols.push(protocols);
    }

    /** @override @param {any} data */
    send(data) {
      seen.frames += 1;
      seen.bytes += data.byteLength ?? data.length;
      super.send(data);
    }
  }
  return { WebSocket: CountingSocket, seen };
}

/** Everything that was recorded, with the page's own stores; ends the devices that are still there. The page is then as new. */
async function finish() {
  await Promise.all(made.splice(0).map((device) => device.close({ drain: 0 })));
  const databases = await indexedDB.databases();
  const stores = {
    ...localStorage,
    ...sessionStorage,
    databases,
    cookie: document.cookie,
    name: window.name,
  };
  const urls = performance.getEntries().map((entry) => entry.name);
  return [...record.splice(0), JSON.stringify(stores), location.href, ...urls];
}

export const kit = {
  record,
  watch,
  connect,
  failure,
  within,
  next,
  reason,
  statuses,
  desired,
  deferred,
  countingSocket,
  finish,
};
