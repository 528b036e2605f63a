/**
 * A headless Firefox, driven over its own Marionette protocol (`length:[…]` on a TCP socket): the installed browser as
 * it is, without a driver in between. Used by the test that shows the main path in a second engine.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';

const READY_MS = 120_000;
const CALL_MS = 120_000;
const LOOKS_EVERY_MS = 100;
const PLACES = [process.env.FIREFOX, '/usr/bin/firefox-esr', '/usr/bin/firefox'];

/** A free port, and nothing that leaves this machine: what is not loopback is sent to a port where nobody listens. */
const PREFERENCES = {
  'marionette.port': 0,
  'network.proxy.type': 1,
  'network.proxy.http': '127.0.0.1',
  'network.proxy.http_port': 9,
  'network.proxy.ssl': '127.0.0.1',
  'network.proxy.ssl_port': 9,
  'app.normandy.enabled': false,
  'browser.safebrowsing.update.enabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
  'intl.accept_languages': 'en-GB',
};

/** The installed Firefox, or nothing. */
export function findFirefox() {
  return PLACES.find((place) => place && fs.existsSync(place));
}

/** @param {string} binary */
export async function launchFirefox(binary) {
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'iothub-firefox-'));
  const lines = Object.entries(PREFERENCES).map(
    ([name, value]) => `user_pref("${name}", ${JSON.stringify(value)});\n`,
  );
  fs.writeFileSync(path.join(profile, 'user.js'), lines.join(''));
  const args = ['--headless', '--marionette', '--no-remote', '--profile', profile];
  const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGTERM');
    await exited;
    // Its last processes may still write there.
    fs.rmSync(profile, { recursive: true, force: true, maxRetries: 10 });
  };
  try {
    const marionette = await Marionette.connect(await portOf([child.stdout, child.stderr]));
    await marionette.call('WebDriver:NewSession', { capabilities: {} });
    return {
      page: new FirefoxPage(marionette),
      async stop() {
        marionette.close();
        await stop();
      },
    };
  } catch (cause) {
    await stop();
    throw cause;
  }
}

/** Firefox says on which port it listens. @param {import('node:stream').Readable[]} streams @returns {Promise<number>} */
function portOf(streams) {
  return new Promise((resolve, reject) => {
    let text = '';
    const timer = setTimeout(() => reject(new Error(`Firefox was not ready: ${text}`)), READY_MS);
    const take = (/** @type {string} */ part) => {
      text += part;
      const found = /Listening on port (\d+)/.exec(text);
      if (found === null) return;
      clearTimeout(timer);
      resolve(Number(found[1]));
    };
    for (const stream of streams) stream.setEncoding('utf8').on('data', take);
  });
}

class Marionette {
  /** @type {Map<number, (answer: [unknown, any]) => void>} */
  #waiting = new Map();
  #bytes = Buffer.alloc(0);
  #next = 1;
  #socket;

  /** @param {number} port */
  static async connect(port) {
    const socket = net.connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new Marionette(socket);
  }

  /** @param {net.Socket} socket */
  constructor(socket) {
    this.#socket = socket;
    socket.on('data', (bytes) => this.#take(bytes));
    socket.on('error', () => {}); // The browser is gone: a call that waits says so by its deadline.
  }

  /** @param {string} command @param {unknown} parameters @returns {Promise<any>} */
  call(command, parameters) {
    const id = this.#next++;
    const text = JSON.stringify([0, id, command, parameters]);
    this.#socket.write(`${Buffer.byteLength(text)}:${text}`);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`Firefox did not answer ${command}`)), CALL_MS);
      this.#waiting.set(id, ([error, result]) => {
        clearTimeout(timer);
        if (error) reject(new Error(`${command}: ${JSON.stringify(error)}`));
        else resolve(result?.value ?? result);
      });
    });
  }

  close() {
    this.#socket.destroy();
  }

  /** @param {Buffer} bytes */
  #take(bytes) {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    for (;;) {
      const colon = this.#bytes.indexOf(':');
      if (colon < 0) return;
      const length = Number(this.#bytes.subarray(0, colon));
      if (this.#bytes.length < colon + 1 + length) return;
      const message = JSON.parse(this.#bytes.subarray(colon + 1, colon + 1 + length).toString());
      this.#bytes = this.#bytes.subarray(colon + 1 + length);
      if (!Array.isArray(message)) continue; // its greeting
      const [, id, error, result] = message;
      this.#waiting.get(id)?.([error, result]);
      this.#waiting.delete(id);
    }
  }
}

/** What the tests do with a page: open it, find by what it says, press, type, wait. */
export class FirefoxPage {
  #marionette;

  /** @param {Marionette} marionette */
  constructor(marionette) {
    this.#marionette = marionette;
  }

  /** @param {string} url */
  async open(url) {
    await this.#marionette.call('WebDriver:Navigate', { url });
  }

  /** @param {string} script the body of a function @param {unknown[]} [args] */
  run(script, args = []) {
    return this.#marionette.call('WebDriver:ExecuteScript', {
      script,
      args,
      newSandbox: false,
      sandbox: null,
    });
  }

  /** Waits until an expression is true in the page. @param {string} expression */
  async until(expression) {
    const end = Date.now() + CALL_MS;
    const script = `const [expression, end, every] = arguments; const done = arguments[3];
      const look = () => (${expression}) ? done(true) : Date.now() > end ? done(false) : setTimeout(look, every);
      look();`;
    const args = [expression, end, LOOKS_EVERY_MS];
    const found = await this.#marionette.call('WebDriver:ExecuteAsyncScript', {
      script,
      args,
      scriptTimeout: CALL_MS,
    });
    assert.ok(
      found,
      `in Firefox this never came true: ${expression}\n${await this.run('return document.body.innerText')}`,
    );
  }

  /** @param {string} xpath */
  async press(xpath) {
    await this.#marionette.call('WebDriver:ElementClick', { id: await this.#find(xpath) });
  }

  /** @param {string} xpath @param {string} text */
  async type(xpath, text) {
    const id = await this.#find(xpath);
    await this.#marionette.call('WebDriver:ElementClear', { id });
    await this.#marionette.call('WebDriver:ElementSendKeys', { id, text });
  }

  /** Presses keys in something that has no text. @param {string} xpath @param {string} text */
  async keys(xpath, text) {
    await this.#marionette.call('WebDriver:ElementSendKeys', { id: await this.#find(xpath), text });
  }

  /** @param {string} value */
  async #find(value) {
    const found = await this.#marionette.call('WebDriver:FindElement', { using: 'xpath', value });
    return /** @type {string} */ (Object.values(found)[0]);
  }
}
