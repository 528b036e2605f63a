/**
 * Messages at the border: what an application writes becomes a body and a list of fields; what the hub sent
 * becomes an object with named fields. Called by `client.js` only.
 */
import { IotHubError } from './errors.js';

/** Marks a message for Defender for IoT. */
const SECURITY = 'urn:azureiot:Security:SecurityAgent:1';

/** @type {Record<string, string>} */
const RECEIVED = {
  '$.mid': 'messageId',
  '$.cid': 'correlationId',
  '$.uid': 'userId',
  '$.to': 'to',
  '$.ct': 'contentType',
  '$.ce': 'contentEncoding',
  '$.ctime': 'creationTime',
  'iothub-creation-time-utc': 'creationTime',
  '$.exp': 'expiryTime',
  '$.sub': 'component',
  '$.schema': 'schema',
  '$.cdid': 'connectionDeviceId',
  '$.cmid': 'connectionModuleId',
  'iothub-ack': 'ack',
  'iothub-operation': 'operation',
};

/** @param {string} message @returns {never} */
function refuse(message) {
  throw new IotHubError('argument', message);
}

/** @param {string} name @param {unknown} value */
function textOf(name, value) {
  if (typeof value === 'string') return value;
  if (value instanceof Date) return value.toISOString();
  return refuse(`the message's "${name}" is a ${typeof value}; it takes a string`);
}

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
  const into = spare ?? { fields: [], length: 0, system: 0, body: '' };
  spare = undefined;
  into.length = 0;
  const isJson = putBody(into, message.body);
  // The order here is the order on the wire.
  put(into, '$.mid', 'messageId', message.messageId);
  put(into, '$.cid', 'correlationId', message.correlationId);
  put(into, '$.uid', 'userId', message.userId);
  put(into, '$.ct', 'contentType', message.contentType ?? (isJson ? 'application/json' : undefined));
  put(into, '$.ce', 'contentEncoding', message.contentEncoding ?? (isJson ? 'utf-8' : undefined));
  put(into, '$.ctime', 'creationTime', message.creationTime);
  put(into, '$.on', 'output', message.output);
  put(into, '$.sub', 'component', message.component);
  put(into, '$.schema', 'schema', message.schema);
  if (message.securityMessage) putText(into, '$.ifid', SECURITY);
  into.system = into.length;
  const { properties } = message;
  if (properties !== undefined) {
    for (const name in properties) {
      const value = properties[name];
      if (typeof value !== 'string')
        refuse(`the property "${name}" is a ${typeof value}; properties are strings: write String(value)`);
      putText(into, name, /** @type {string} */ (value));
    }
  }
  return into;
}

/** What `written` gave is done with. @param {Written} message */
export function done(message) {
  message.body = '';
  spare = message;
}

/** @param {Written} into @param {string} key @param {string} name @param {unknown} value */
function put(into, key, name, value) {
  if (value !== undefined) putText(into, key, textOf(name, value));
}

/** @param {Written} into @param {string} name @param {string} value */
function putText(into, name, value) {
  into.fields[into.length] = name;
  into.fields[into.length + 1] = value;
  into.length += 2;
}

/** Gives whether it was made JSON here. @param {Written} into @param {unknown} body */
function putBody(into, body) {
  if (typeof body === 'string' || body instanceof Uint8Array) into.body = body;
  else if (body instanceof ArrayBuffer) into.body = new Uint8Array(body);
  else if (ArrayBuffer.isView(body))
    into.body = new Uint8Array(body.buffer, body.byteOffset, body.byteLength);
  else {
    into.body = stringified(body, 'body');
    return true;
  }
  return false;
}

/** @param {unknown} value @param {string} what @returns {string} */
export function stringified(value, what) {
  let json;
  try {
    json = JSON.stringify(value);
  } catch (cause) {
    throw new IotHubError('argument', `the ${what} can not be written as JSON: ${String(cause)}`, { cause });
  }
  return json ?? refuse(`the ${what} is ${typeof value}, which JSON has no form for`);
}

/** A cloud-to-device message as the application gets it. */
export class ReceivedMessage {
  /** @param {Uint8Array} body @param {(string | null)[]} pairs @param {boolean} redelivered @param {string | undefined} input */
  constructor(body, pairs, redelivered, input) {
    this.body = body;
    /** @type {Record<string, string | null>} */
    this.properties = {};
    this.redelivered = redelivered;
    if (input !== undefined) this.input = input;
    for (let at = 0; at < pairs.length; at += 2) this.#put(String(pairs[at]), pairs[at + 1] ?? null);
  }

  /** @param {string} name @param {string | null} value */
  #put(name, value) {
    const named = RECEIVED[name];
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
