/**
 * What `npm/client.js` is for applications, cut down for the Rust tests in `driver.rs`: it keeps all that the driver
 * tells, and hands it out one by one.
 */
export class RecordingHost {
  /** @type {{ kind: string, args: any[] }[]} */
  #told = [];
  /** @type {(() => boolean)[]} */
  #waiting = [];

  /** @type {Map<number, WebSocket>} */
  #sockets = new Map();

  /** The driver, to be told of sockets. @type {any} */
  driver;

  /** @type {any} */
  #timer;

  later() {
    queueMicrotask(() => this.driver.flush());
  }
  /** @param {number} ms */
  wake(ms) {
    clearTimeout(this.#timer);
    if (ms >= 0) this.#timer = setTimeout(() => this.driver.timeout(), ms);
  }
  /** @param {number} id @param {string} url */
  open(id, url) {
    const socket = new WebSocket(url, 'mqtt');
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => this.driver.socket_opened(id);
    socket.onmessage = ({ data }) => this.driver.socket_bytes(id, new Uint8Array(data));
    socket.onclose = ({ code, reason }) => this.driver.socket_closed(id, code, reason);
    this.#sockets.set(id, socket);
  }
  /** @param {number} id @param {Uint8Array} bytes */
  transmit(id, bytes) {
    this.#sockets.get(id)?.send(/** @type {Uint8Array<ArrayBuffer>} */ (bytes));
  }
  /** @param {number} id */
  buffered(id) {
    return this.#sockets.get(id)?.bufferedAmount ?? 0;
  }
  /** @param {number} id */
  hangUp(id) {
    const socket = this.#sockets.get(id);
    if (socket) socket.onclose = null;
    socket?.close();
  }

  /** @param {string} kind @param {any[]} args */
  #tell(kind, ...args) {
    this.#told.push({ kind, args });
    for (const look of [...this.#waiting]) look();
  }

  /** @param {Iterable<number>} ops */
  sent(ops) {
    for (const op of ops) this.#tell(`sent ${op}`);
  }
  /** @param {number} op @param {any} value */
  done(op, value) {
    this.#tell(`done ${op}`, value);
  }
  /** @param {number} op @param {[string, string]} error */
  failed(op, [code, message]) {
    this.#tell(`failed ${op}`, code, message);
  }
  /** @param {number} request @param {string} audience @param {number} expiresAt */
  needToken(request, audience, expiresAt) {
    this.#tell('needToken', request, audience, expiresAt);
  }
  /** @param {number} request */
  forgetToken(request) {
    this.#tell('forgetToken', request);
  }
  /** @param {string} state @param {string} reason @param {string} detail */
  status(state, reason, detail) {
    this.#tell(`status ${state}`, reason, detail);
  }
  /** @param {number} delivery @param {string | undefined} _input @param {string[]} properties @param {Uint8Array} body */
  message(delivery, _input, properties, body) {
    this.#tell('message', delivery, properties, new TextDecoder().decode(body));
  }
  /** @param {string} patch @param {number} version @param {boolean} complete */
  desired(patch, version, complete) {
    this.#tell('desired', patch, version, complete);
  }
  /** @param {number} call @param {string} name @param {Uint8Array} payload */
  method(call, name, payload) {
    this.#tell('method', call, name, new TextDecoder().decode(payload));
  }
  /** @param {number} call */
  methodGone(call) {
    this.#tell('methodGone', call);
  }
  /** @param {boolean} outgoing @param {Uint8Array} bytes */
  packet(outgoing, bytes) {
    this.#tell('packet', outgoing, bytes);
  }
  /** @param {string} text */
  panicked(text) {
    this.#tell('panicked', text);
  }

  /** Takes the first thing told of this kind; waits for it, but not for ever. @param {string} kind */
  next(kind) {
    return new Promise((resolve, reject) => {
      const give = () => {
        const index = this.#told.findIndex((told) => told.kind === kind);
        if (index < 0) return false;
        clearTimeout(deadline);
        this.#waiting = this.#waiting.filter((look) => look !== give);
        resolve(this.#told.splice(index, 1)[0]?.args);
        return true;
      };
      const late = () => {
        const told = this.#told.map((one) => `${one.kind} ${one.args.join(' ')}`).join('\n');
        reject(new Error(`"${kind}" was not told within 10 s; told were:\n${told}`));
      };
      const deadline = setTimeout(late, 10_000);
      if (!give()) this.#waiting.push(give);
    });
  }
}

/**
 * One call of the hub's own API; gives the answer's text.
 * @param {string} method @param {string} url @param {string} [body]
 */
export async function call(method, url, body) {
  const init = { method, headers: { 'content-type': 'application/json' } };
  const response = await fetch(url, body === undefined ? init : { ...init, body });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${url}: ${response.status} ${text}`);
  return text;
}
