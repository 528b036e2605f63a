/**
 * The `WebSocket`-shaped class of a hub in this page: what is sent goes to the hub, not to a network. Behaves as the
 * hub's endpoint does: wrong path or no subprotocol `mqtt`, and the socket never opens.
 */

/**
 * The hub's side of a socket.
 * @typedef {{ message(bytes: Uint8Array): void, closed(code: number, reason: string): void }} LinkEnd
 * @typedef {{ open(end: LinkEnd): number | undefined, feed(link: number, bytes: Uint8Array): void, close(link: number): void, later(task: () => void): void }} Port
 */

const PATH = '/$iothub/websocket';
const [CONNECTING, OPEN, CLOSING, CLOSED] = [0, 1, 2, 3];

/** What an end without a closing handshake reports. */
const ABNORMAL = 1006;
/** What a close without a code reports. */
const NO_CODE = 1005;
const REASON_BYTES = 123;

/** Node 20 has no CloseEvent. @param {number} code @param {string} reason */
function closeEvent(code, reason) {
  const fields = { code, reason, wasClean: code !== ABNORMAL };
  return typeof CloseEvent === 'function'
    ? new CloseEvent('close', fields)
    : Object.assign(new Event('close'), fields);
}

/** As every WebSocket refuses them. @param {number | undefined} code @param {string} reason */
function checkClose(code, reason) {
  if (code !== undefined && code !== 1000 && !(code >= 3000 && code <= 4999))
    throw new DOMException(`the code is ${code}: use 1000, or 3000 to 4999`, 'InvalidAccessError');
  if (new TextEncoder().encode(reason).length > REASON_BYTES)
    throw new DOMException(`the reason is longer than ${REASON_BYTES} bytes`, 'SyntaxError');
}

/** A copy: the caller may use its buffer again. @param {string | ArrayBuffer | ArrayBufferView} data */
function copyOf(data) {
  if (typeof data === 'string') return new TextEncoder().encode(data);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
  return new Uint8Array(data.slice(0));
}

/** @param {string | string[] | undefined} offered */
function chosen(offered) {
  const protocols = offered === undefined ? [] : Array.isArray(offered) ? offered : [offered];
  return protocols.find((name) => name.toLowerCase() === 'mqtt');
}

class HubSocket extends EventTarget {
  /** @type {Port} Each hub's class sets its own. */
  static port;
  static CONNECTING = CONNECTING;
  static OPEN = OPEN;
  static CLOSING = CLOSING;
  static CLOSED = CLOSED;
  CONNECTING = CONNECTING;
  OPEN = OPEN;
  CLOSING = CLOSING;
  CLOSED = CLOSED;

  /** @type {'arraybuffer' | 'blob'} */
  binaryType = 'blob';
  extensions = '';
  protocol = '';
  /** @type {((event: Event) => void) | null} */
  onopen = null;
  /** @type {((event: Event) => void) | null} */
  onmessage = null;
  /** @type {((event: Event) => void) | null} */
  onerror = null;
  /** @type {((event: Event) => void) | null} */
  onclose = null;
  /** @type {Port} */
  #port;
  #state = CONNECTING;
  #buffered = 0;
  /** @type {number | undefined} */
  #link;

  /** @param {string | URL} url @param {string | string[]} [protocols] */
  constructor(url, protocols) {
    super();
    this.#port = /** @type {typeof HubSocket} */ (this.constructor).port;
    const address = new URL(url);
    this.url = address.href;
    const protocol = address.pathname === PATH ? chosen(protocols) : undefined;
    this.#port.later(() => this.#open(protocol));
  }

  /** @param {string | undefined} protocol */
  #open(protocol) {
    if (this.#state !== CONNECTING) return;
    const end = {
      message: (/** @type {Uint8Array} */ bytes) => this.#message(bytes),
      closed: (/** @type {number} */ code, /** @type {string} */ reason) => this.#closed(code, reason),
    };
    this.#link = protocol === undefined ? undefined : this.#port.open(end);
    if (this.#link === undefined) {
      this.#raise(new Event('error'), this.onerror);
      this.#closed(ABNORMAL, '');
      return;
    }
    this.protocol = protocol ?? '';
    this.#state = OPEN;
    this.#raise(new Event('open'), this.onopen);
  }

  get readyState() {
    return this.#state;
  }

  get bufferedAmount() {
    return this.#buffered;
  }

  /** @param {string | ArrayBuffer | ArrayBufferView} data */
  send(data) {
    if (this.#state === CONNECTING)
      throw new DOMException('the socket is still connecting', 'InvalidStateError');
    const bytes = copyOf(data);
    this.#buffered += bytes.length;
    if (this.#state !== OPEN) return;
    this.#port.later(() => {
      this.#buffered -= bytes.length;
      if (this.#state !== CLOSED && this.#link !== undefined) this.#port.feed(this.#link, bytes);
    });
  }

  /** @param {number} [code] @param {string} [reason] */
  close(code, reason = '') {
    checkClose(code, reason);
    if (this.#state >= CLOSING) return;
    const opened = this.#state === OPEN;
    this.#state = CLOSING;
    this.#port.later(() => {
      if (this.#state === CLOSED) return;
      const link = this.#link;
      if (opened) this.#closed(code ?? NO_CODE, reason);
      else this.#closed(ABNORMAL, '');
      if (link !== undefined) this.#port.close(link);
    });
  }

  /** @param {Uint8Array} bytes */
  #message(bytes) {
    if (this.#state !== OPEN) return;
    const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
    const data = this.binaryType === 'arraybuffer' ? buffer : new Blob([/** @type {ArrayBuffer} */ (buffer)]);
    this.#raise(new MessageEvent('message', { data }), this.onmessage);
  }

  /** @param {number} code @param {string} reason */
  #closed(code, reason) {
    if (this.#state === CLOSED) return;
    this.#state = CLOSED;
    this.#link = undefined;
    this.#raise(closeEvent(code, reason), this.onclose);
  }

  /** @param {Event} event @param {((event: Event) => void) | null} handler */
  #raise(event, handler) {
    handler?.call(this, event);
    this.dispatchEvent(event);
  }
}

/** The class for the clients of one hub. @param {Port} port */
export function socketClass(port) {
  return class extends HubSocket {
    /** @override */
    static port = port;
  };
}
