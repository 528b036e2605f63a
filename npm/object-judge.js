/**
 * A device that never connects, to be asked what the client would refuse: what a device object stores is checked by
 * the code that sends it. Used by `object-outbox.js` and `object-reported.js`.
 */
import { errorOf } from './errors.js';
import { crossAlone } from './staging.js';
import { Driver } from './wasm/iothub_wasm.js';

/** Of `crossAlone`. */
const OP = 0;
const NOTHING = () => {};

/** What the driver said. @type {unknown} */
let refusal;
/** @type {Driver | undefined} */
let judge;

function driver() {
  if (judge !== undefined) return judge;
  const heard = ['later', 'wake', 'sent', 'done', 'needToken', 'forgetToken', 'status', 'panicked'];
  /** @type {Record<string, (...told: any[]) => void>} */
  const host = Object.fromEntries(heard.map((name) => [name, NOTHING]));
  host.failed = (_op, error) => {
    refusal ??= error;
  };
  const credentials = JSON.stringify({ host: 'hub.invalid', deviceId: 'd', token: true });
  judge = new Driver(credentials, '{}', 0, /** @type {any} */ (host));
  return judge;
}

/** Throws what the client refuses. @param {(driver: Driver) => void} begin */
function judged(begin) {
  const device = driver();
  refusal = undefined;
  begin(device);
  device.flush();
  if (refusal !== undefined) throw errorOf(refusal);
  device.abort(OP);
  device.flush();
}

/** @param {import('./message.js').Written} message */
export function checkMessage(message) {
  judged((device) => crossAlone(message, 1, (heads, bytes, end) => device.send(heads, bytes, end)));
}

/** @param {string} patch as JSON text */
export function checkReported(patch) {
  judged((device) => device.update_reported(OP, patch, undefined));
}
