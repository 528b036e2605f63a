/**
 * Messages at the border: what an application writes becomes a body and a list of fields; what the hub sent
 * becomes an object with named fields. Called by `client.js` only.
 */
import { checkNames, words } from './names.js';
import { bytesOf, demand, isPlain, jsonOf, refuse } from './values.js';

/** Marks a message for Defender for IoT. */
const SECURITY = 'urn:azureiot:Security:SecurityAgent:1';

const FIELDS = words(
  'body messageId correlationId userId contentType contentEncoding creationTime output component schema securityMessage properties',
);
/** A date, and perhaps a time of day, and perhaps its zone. */
const ISO_8601 = /^(\d{4}-\d\d-\d\d)(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/;

const RECEIVED = new Map([
  ['$.mid', 'messageId'],
  ['$.cid', 'correlationId'],
  ['$.uid', 'userId'],
  ['$.to', 'to'],
  ['$.ct', 'contentType'],
  ['$.ce', 'contentEncoding'],
  ['$.ctime', 'creationTime'],
  ['iothub-creation-time-utc', 'creationTime'],
  ['$.exp', 'expiryTime'],
  ['$.sub', 'component'],
  ['$.schema', 'schema'],
  ['$.cdid', 'connectionDeviceId'],
  ['$.cmid', 'connectionModuleId'],
  ['iothub-ack', 'ack'],
  ['iothub-operation', 'operation'],
]);

/**
 * A message on its way to the wasm side: names and values in turns, the first `system` of them the hub's own.
 * @typedef {{ fields: string[], length: number, system: number, body: string | Uint8Array }} Written
 */

/** Used for one message after the other: what a send leaves behind costs more than the send. @type {Written | undefined} */
let spare;

/**
 * Checks a message and takes it apart, so that `staging.js` can write it. A getter of the message may send another one meanwhile.
 * @param {import('./index.js').TelemetryMessage} message
 */
export function written(message) {
  if (typeof message !== 'object' || message === null || !('body' in message))
    refuse('a message is an object with a "body": send({ body: … })');
  checkNames(message, FIELDS, 'a message');
  const into = spare ?? { fields: [], length: 0, system: 0, body: '' };
  spare = undefined;
  into.length = 0;
  const isJson = putBody(into, message.body);
  // The order here is the order on the wire.
  put(into, '$.mid', 'messageId', message.messageId);
  put(into, '$.cid', 'correlationId', message.correlationId);
  put(into, '$.uid', 'userId', message.userId);
  put(into, '$.ct', 'contentType', message.contentType ?? (isJson ? 'application/json' : undefined));
  putEncoding(into, message.contentEncoding, isJson);
  putTime(into, message.creationTime);
  put(into, '$.on', 'output', message.output);
  put(into, '$.sub', 'component', message.component);
  put(into, '$.schema', 'schema', message.schema);
  putSecurity(into, message.securityMessage);
  into.system = into.length;
  if (message.properties !== undefined) putProperties(into, message.properties);
  return into;
}

/** What `written` gave is done with. @param {Written} message */
export function done(message) {
  message.body = '';
  spare = message;
}

/** A message as it is now, for later. @param {import('./index.js').TelemetryMessage} message @returns {Written} */
export function kept(message) {
  const it = written(message);
  return { ...it, body: typeof it.body === 'string' ? it.body : it.body.slice() };
}

/** @param {Written} into @param {string} key @param {string} name @param {unknown} value */
function put(into, key, name, value) {
  if (typeof value === 'string') putText(into, key, value);
  else if (value !== undefined) wrong(name, value, 'a string');
}

/** @param {string} name @param {unknown} value @param {string} wanted */
function wrong(name, value, wanted) {
  demand(false, `the message's "${name}"`, value, wanted);
}

/** @param {Written} into @param {unknown} value @param {boolean} isJson */
function putEncoding(into, value, isJson) {
  const encoding = value ?? (isJson ? 'utf-8' : undefined);
  if (typeof value === 'string' && !/^utf-(8|16|32)$/i.test(value))
    wrong('contentEncoding', value, 'utf-8, utf-16 or utf-32');
  put(into, '$.ce', 'contentEncoding', encoding);
}

/** @param {Written} into @param {any} value a date of any realm, or text */
function putTime(into, value) {
  if (value === undefined) return;
  const isDate = Object.prototype.toString.call(value) === '[object Date]';
  const text = isDate ? value.toJSON() : value;
  const day = typeof text === 'string' && ISO_8601.exec(text)?.[1];
  // A day that its month does not have would be one of the next month.
  if (!day || Number.isNaN(Date.parse(text)) || !new Date(day).toJSON().startsWith(day))
    wrong('creationTime', value, 'a valid Date, or one as ISO 8601 text');
  putText(into, '$.ctime', text);
}

/** @param {Written} into @param {unknown} value */
function putSecurity(into, value) {
  if (value === true) putText(into, '$.ifid', SECURITY);
  else if (value) wrong('securityMessage', value, 'true or false');
}

/** @param {Written} into @param {any} properties */
function putProperties(into, properties) {
  if (typeof properties !== 'object' || properties === null || !isPlain(properties))
    wrong('properties', properties, 'a plain object');
  for (const name in properties) {
    const value = properties[name];
    if (typeof value !== 'string') wrong(`properties.${name}`, value, 'a string: write String(value)');
    putText(into, name, value);
  }
}

/** @param {Written} into @param {string} name @param {string} value */
function putText(into, name, value) {
  into.fields[into.length] = name;
  into.fields[into.length + 1] = value;
  into.length += 2;
}

/** Gives whether it was made JSON here. @param {Written} into @param {any} body */
function putBody(into, body) {
  if (typeof body === 'string' || (body instanceof Uint8Array && body.length > 0)) into.body = body;
  else {
    const isBytes = typeof body === 'object' && body !== null && !Array.isArray(body) && !isPlain(body);
    const bytes = isBytes ? bytesOf(body) : undefined;
    into.body = bytes ?? jsonOf(body, 'body');
    return bytes === undefined;
  }
  return false;
}

/** A cloud-to-device message as the application gets it. */
export class ReceivedMessage {
  /** @param {Uint8Array} body @param {(string | null)[]} pairs @param {boolean} redelivered @param {string | undefined} input */
  constructor(body, pairs, redelivered, input) {
    this.body = body;
    /** No name is there but those that were sent. @type {Record<string, string | null>} */
    this.properties = Object.create(null);
    this.redelivered = redelivered;
    if (input !== undefined) this.input = input;
    for (let at = 0; at < pairs.length; at += 2) this.#put(String(pairs[at]), pairs[at + 1] ?? null);
  }

  /** @param {string} name @param {string | null} value */
  #put(name, value) {
    const named = RECEIVED.get(name);
    /** @type {Record<string, unknown>} */
    const into = named === undefined ? this.properties : /** @type {any} */ (this);
    const key = named ?? name;
    // The first of two equal names counts.
    if (!Object.hasOwn(into, key)) into[key] = value;
  }

  text() {
    return new TextDecoder().decode(this.body);
  }

  json() {
    return JSON.parse(this.text());
  }
}
