/**
 * The first socket of a page, opened while the wasm is still on its way: the handshake takes round trips and needs
 * nothing of the wasm. The driver decides as ever: it is given this socket when it dials the same address, and another
 * one otherwise. Nothing is written on it before the driver has it. Called by `client.js`.
 */

import { shut } from './socket.js';

/** A hub, as the wasm side wants its name: with a domain. */
const HOST = /^[\w-]+(\.[\w-]+)+$/;

/** This machine, where a local hub may be. */
const HERE = /^(localhost|127(\.\d+){3}|\[::1\])$/;

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** As `Config::url` in the wasm writes it. */
const PATH = '/$iothub/websocket?iothub-no-client-cert=true';

/**
 * Where the driver will dial; none when that, or whether it will dial at all, is in doubt: then nobody is called early.
 * @param {import('./index.js').Credentials} credentials
 * @returns {string | undefined}
 */
export function addressOf(credentials) {
  const given = typeof credentials === 'string' ? fieldsOf(credentials) : Object(credentials);
  const { host, deviceId, key, sas, token, gatewayHost, useLocalHub, port } = given;
  if (!deviceId || !(key ? BASE64.test(key) : (sas ?? token))) return undefined;
  const known = useLocalHub ? HERE : HOST;
  const dialled = gatewayHost ?? host;
  if (!known.test(host) || !known.test(dialled)) return undefined;
  if (useLocalHub) return `ws://${dialled}:${port || 4280}${PATH}`;
  return port ? undefined : `wss://${dialled}:443${PATH}`;
}

/** A connection string's fields, as far as the address needs them. @param {string} text @returns {Record<string, any>} */
function fieldsOf(text) {
  /** @type {Record<string, string>} */
  const fields = {};
  for (const field of text.split(';')) {
    const at = field.indexOf('=');
    fields[field.slice(0, at).toLowerCase()] = field.slice(at + 1);
  }
  return {
    host: fields.hostname,
    deviceId: fields.deviceid,
    key: fields.sharedaccesskey,
    sas: fields.sharedaccesssignature,
    gatewayHost: fields.gatewayhostname,
    useLocalHub: fields.uselocalhub?.toLowerCase() === 'true',
    port: fields.port,
  };
}

class EarlySocket {
  #address;
  /** @type {any} */
  #socket;

  /** @param {string} address @param {import('./index.js').WebSocketClass} Socket */
  constructor(address, Socket) {
    this.#address = address;
    try {
      this.#socket = new Socket(address, 'mqtt');
    } catch {
      // The driver will meet the same, and knows what to say.
    }
  }

  /** The socket, once, for who dials its address while it lives. @param {string} address */
  take(address) {
    const socket = this.#socket;
    // From CLOSING on it is of no use.
    if (address !== this.#address || socket?.readyState > 1) return undefined;
    this.#socket = undefined;
    return socket;
  }

  /** Closes it unless it was taken. */
  leave() {
    if (this.#socket) shut(this.#socket);
  }
}

/**
 * The socket that a page will need, when the wasm has to be waited for.
 * @param {{ toFetch?: boolean }} host @param {import('./index.js').Credentials} credentials
 * @param {import('./index.js').ConnectOptions} options
 */
export function dialEarly(host, credentials, { WebSocket, signal }) {
  const Socket = WebSocket ?? globalThis.WebSocket;
  if (!host.toFetch || signal?.aborted || typeof Socket !== 'function') return undefined;
  const address = addressOf(credentials);
  return address === undefined ? undefined : new EarlySocket(address, Socket);
}
