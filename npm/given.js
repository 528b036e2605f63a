/**
 * What the application gives to a call beside its values: credentials, options, signals. All of it is read while the
 * call is made. Called by `client.js`; the other options and their ranges are read by `src/options.rs`.
 */
import { IotHubError } from './errors.js';
import { kept } from './message.js';
import { checkNames, words } from './names.js';
import { demand, isPlain, kindOf, refuse } from './values.js';

const CREDENTIALS = words('host deviceId moduleId key sas token gatewayHost useLocalHub port');
export const CALL = words('signal timeout');
export const SEND = words('signal timeout qos');
export const CLOSE = words('drain');

/** Room for a name in the topic that a method's request comes on. */
const METHOD_NAME = 65_000;

/**
 * What `connect` was given, as the wasm side and the client want it.
 * @param {any} credentials @param {any} [options]
 */
export function readConnect(credentials, options) {
  if (typeof credentials !== 'object' || credentials === null) checkText(credentials);
  else checkNames(credentials, CREDENTIALS, 'the credentials');
  const plain = typeof credentials === 'string' ? { connectionString: credentials } : { ...credentials };
  const token = plain.token ?? undefined;
  demand(token === undefined || typeof token === 'function', 'the credential "token"', token, 'a function');
  demand(typeof (options ?? {}) === 'object', 'what stands for the options', options, 'an object');
  const { signal, connectTimeout, prepare, WebSocket, will, ...settings } = options ?? {};
  demand(!prepare || typeof prepare === 'function', 'the option "prepare"', prepare, 'a function');
  const { qos, ...message } = will ?? {};
  return {
    credentials: plainText({ ...plain, token: token !== undefined }),
    settings: plainText(settings),
    token,
    prepare,
    WebSocket: WebSocket ?? globalThis.WebSocket,
    signal: signalOf(signal),
    connectTimeout: timeOf('connectTimeout', connectTimeout, 1),
    will: will && kept(message),
    willQos: qosOf(qos),
  };
}

/** @typedef {ReturnType<typeof readConnect>} Given */

/** @param {unknown} text a connection string */
export function checkText(text) {
  if (typeof text !== 'string')
    refuse(`no connection string was given (${kindOf(text)}): is the environment variable set?`);
}

/** @type {{ qos: number, signal?: AbortSignal | undefined, timeout?: number | undefined, drain?: number | undefined }} */
const DEFAULTS = { qos: 1 };

/** The options of one call. @param {any} options @param {Set<string>} known */
export function readCall(options, known) {
  if (options === undefined || options === null) return DEFAULTS;
  demand(typeof options === 'object', 'what stands for the options', options, 'an object');
  checkNames(options, known, 'the options of this call');
  const { signal, timeout, qos, drain } = options;
  return {
    signal: signalOf(signal),
    timeout: timeOf('timeout', timeout),
    qos: qosOf(qos),
    drain: timeOf('drain', drain),
  };
}

/** The messages of `sendOnce`, as they are now. @param {any} messages */
export function readMessages(messages) {
  const isList = typeof messages === 'object' && typeof messages?.[Symbol.iterator] === 'function';
  demand(isList, 'what sendOnce sends', messages, 'a list of messages: [{ body: … }]');
  return Array.from(messages, (message) => kept(message));
}

/** @param {any} name @param {unknown} handler */
export function checkMethod(name, handler) {
  const isName = typeof name === 'string' && name !== '' && name.length < METHOD_NAME && !/[+#\0]/.test(name);
  demand(isName, "the method's name", name, 'a text that a topic can hold, without + and #');
  demand(typeof handler === 'function', "the method's handler", handler, 'a function');
}

/** @param {any} signal @returns {AbortSignal | undefined} */
function signalOf(signal) {
  const isSignal = typeof signal?.aborted === 'boolean' && typeof signal.addEventListener === 'function';
  demand(isSignal || (signal ?? undefined) === undefined, '"signal"', signal, 'an AbortSignal');
  return signal ?? undefined;
}

/**
 * Milliseconds; what is over already is none.
 * @param {string} name @param {any} value @param {number} [least] @returns {number | undefined}
 */
function timeOf(name, value, least = Number.NEGATIVE_INFINITY) {
  if (value === undefined || value === null) return undefined;
  const isTime = typeof value === 'number' && value >= least;
  demand(isTime, `"${name}"`, value, `milliseconds${least > 0 ? ', 1 or more' : ''}`);
  return Math.min(Math.max(value, 0), Number.MAX_SAFE_INTEGER);
}

/** @param {any} qos @returns {number} */
function qosOf(qos) {
  const given = qos ?? 1;
  if (given !== 0 && given !== 1)
    throw new IotHubError(
      'quality-of-service',
      `qos is ${kindOf(qos)}; the hub closes the connection on QoS 2: use 1 (at least once) or 0`,
    );
  return given;
}

/** A plain object as the wasm side reads it: what JSON would drop or empty is named there. @param {object} value */
function plainText(value) {
  return JSON.stringify(value, (_, field) => {
    const isKept = typeof field === 'object' ? field === null || isPlain(field) : !isOdd(field);
    return isKept ? field : kindOf(field);
  });
}

/** @param {unknown} field */
function isOdd(field) {
  return /^(number|bigint|symbol|function)$/.test(typeof field) && !Number.isFinite(field);
}
