/**
 * The service's side of a hub for the suites `client` and `docs`: the `/local` calls, with the answer's status.
 */

/**
 * One call.
 * @param {string} http the hub's address
 * @param {string} method
 * @param {string} path below `/local`
 * @param {unknown} [body]
 * @param {boolean} [change] what is there already
 * @returns {Promise<{ status: number, body: any, text: string }>}
 */
export async function callLocal(http, method, path, body, change = false) {
  // Without it a PUT makes a new one.
  const headers = { 'content-type': 'application/json', ...(change && { 'if-match': '*' }) };
  const content = body === undefined ? {} : { body: JSON.stringify(body) };
  const response = await fetch(`${http}/local${path}`, { method, headers, ...content });
  const text = await response.text();
  return { status: response.status, text, body: parsed(text) };
}

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // an empty answer, or one that a device broke: `text` has it
  }
}

/** One device or module, as the service sees it. */
export class Service {
  /** @param {string} http @param {string} deviceId @param {string} [moduleId] */
  constructor(http, deviceId, moduleId) {
    this.http = http;
    this.deviceId = deviceId;
    const module = moduleId === undefined ? '' : `/modules/${encodeURIComponent(moduleId)}`;
    this.path = `/devices/${encodeURIComponent(deviceId)}${module}`;
  }

  /** @param {string} method @param {string} path @param {unknown} [body] */
  async expect(method, path, body) {
    const answer = await callLocal(this.http, method, path, body);
    if (answer.status >= 300)
      throw new Error(`${method} ${path} was answered ${answer.status}: ${answer.text}`);
    return answer.body;
  }

  /** Puts a fault in the way of this device. @param {Record<string, unknown>} fault */
  fault(fault) {
    return this.expect('POST', '/faults', { deviceId: this.deviceId, ...fault });
  }

  /** Takes every fault away. */
  healed() {
    return this.expect('DELETE', '/faults');
  }

  /** Cuts the link that is there. */
  cut() {
    return this.fault({ kind: 'cut' });
  }

  /** @param {Record<string, unknown>} message */
  sendMessage(message) {
    return this.expect('POST', `${this.path}/messages`, message);
  }

  /** @param {Record<string, unknown>} desired */
  setDesired(desired) {
    return this.expect('PATCH', `${this.path}/twin`, { properties: { desired } });
  }

  /** Disables the device, or enables it again. @param {'enabled' | 'disabled'} status */
  async setStatus(status) {
    const answer = await callLocal(this.http, 'PUT', this.path, { status }, true);
    if (answer.status !== 200) throw new Error(`the hub answered ${answer.status}: ${answer.text}`);
  }

  twin() {
    return this.expect('GET', `${this.path}/twin`);
  }

  /** @param {string} methodName @param {unknown} [payload] @param {Record<string, unknown>} [more] */
  invoke(methodName, payload, more = {}) {
    const content = payload === undefined ? {} : { payload };
    return callLocal(this.http, 'POST', `${this.path}/methods`, { methodName, ...content, ...more });
  }

  /** A SAS token of this identity. @param {number} seconds @returns {Promise<string>} */
  async token(seconds) {
    const { token } = await this.expect('POST', '/tokens', { deviceId: this.deviceId, seconds });
    return token;
  }
}
