/**
 * Messages at the border: what an application writes becomes a body and one string of fields; what the hub sent
 * becomes an object with named fields. Called by `client.js` only.
 */
import { IotHubError } from './errors.js';

/** Named field → key of the hub. The order is the order on the wire. */
const SENT = /** @type {const} */ ([
  ['messageId', '$.mid'],
  ['correlationId', '$.cid'],
  ['userId', '$.uid'],
  ['contentType', '$.ct'],
  ['contentEncoding', '$.ce'],
  ['creationTime', '$.ctime'],
  ['output', '$.on'],
  ['component', '$.sub'],
  ['schema', '$.schema'],
]);

/** Marks a message for Defender for IoT. */
const SECURITY = ['$.ifid', 'urn:azureiot:Security:SecurityAgent:1'];

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
 * A message on its way to the wasm side: its fields joined by NUL, the system ones first.
 * @param {import('./index.js').TelemetryMessage} message
 */
export function written(message) {
  if (typeof message !== 'object' || message === null || !('body' in message))
    refuse('a message is an object with a "body": send({ body: … })');
  const { body, isJson } = bodyOf(message.body);
  let fields = '';
  let system = 0;
  const put = (/** @type {string} */ name, /** @type {string} */ value) => {
    fields += fields === '' ? `${name}\0${value}` : `\0${name}\0${value}`;
  };
  for (const [name, key] of SENT) {
    let value = message[name];
    if (value === undefined && isJson) value = jsonDefault(name);
    if (value === undefined) continue;
    put(key, textOf(name, value));
    system += 1;
  }
  if (message.securityMessage) {
    put(/** @type {string} */ (SECURITY[0]), /** @type {string} */ (SECURITY[1]));
    system += 1;
  }
  const { properties } = message;
  if (properties !== undefined) {
    for (const name in properties) {
      const value = properties[name];
      if (typeof value !== 'string')
        refuse(`the property "${name}" is a ${typeof value}; properties are strings: write String(value)`);
      put(name, /** @type {string} */ (value));
    }
  }
  return { body, fields, system };
}

/** @param {string} name */
function jsonDefault(name) {
  if (name === 'contentType') return 'application/json';
  return name === 'contentEncoding' ? 'utf-8' : undefined;
}

/**
 * @param {unknown} body
 * @returns {{ body: string | Uint8Array, isJson: boolean }}
 */
function bodyOf(body) {
  if (typeof body === 'string') return { body, isJson: false };
  if (body instanceof Uint8Array) return { body, isJson: false };
  if (body instanceof ArrayBuffer) return { body: new Uint8Array(body), isJson: false };
  if (ArrayBuffer.isView(body))
    return { body: new Uint8Array(body.buffer, body.byteOffset, body.byteLength), isJson: false };
  const json = stringified(body, 'body');
  return { body: json, isJson: true };
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
