/**
 * The ground for tests of the client in a browser: a hub process, a Chromium, the built package on a
 * static server. One for each test file; `inPage` runs a function in a fresh page with the package loaded.
 */
import { launchChromium, openPage } from './chromium.mjs';
import { startHub } from './hub-process.mjs';
import { LocalEvents } from './local-api.mjs';
import { servePackage } from './static-server.mjs';

/** Everything a test needs, made once for each file and ended by `close`. */
export class BrowserWorld {
  /**
   * @param {import('./hub-process.mjs').HubProcess} hub
   * @param {import('playwright-core').Browser} browser
   * @param {Awaited<ReturnType<typeof servePackage>>} server
   */
  constructor(hub, browser, server) {
    this.hub = hub;
    this.browser = browser;
    this.server = server;
  }

  /** @param {string[]} [args] for the hub */
  static async open(args = []) {
    const hub = await startHub({ args });
    return new BrowserWorld(hub, await launchChromium(), await servePackage());
  }

  async close() {
    await this.browser.close();
    await this.server.close();
    await this.hub.stop();
  }

  /** @returns {Promise<{ deviceId: string, connectionString: string }>} a new device of the hub */
  async createDevice() {
    const { http } = this.hub.ready;
    const deviceId = `web-${crypto.randomUUID().slice(0, 8)}`;
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${http}/local/devices/${deviceId}`, { method: 'PUT', headers, body: '{}' });
    if (!response.ok) throw new Error(`the hub answered ${response.status}: ${await response.text()}`);
    const { connectionString } = /** @type {{ connectionString: string }} */ (await response.json());
    const local = connectionString.includes('UseLocalHub=')
      ? ''
      : `;UseLocalHub=true;Port=${new URL(http).port}`;
    return { deviceId, connectionString: connectionString + local };
  }

  /** The hub's events; close them after the test. */
  openEvents() {
    return LocalEvents.open(this.hub.ready.http);
  }

  /**
   * A fresh page on the static server with `globalThis.iothub` loaded.
   * @param {{ prepare?: () => void }} [options] runs in the page before anything else
   */
  async openPage({ prepare } = {}) {
    const opened = await openPage(this.browser);
    if (prepare) await opened.page.addInitScript(prepare);
    await opened.page.goto(this.server.url);
    await opened.page.evaluate(async (entry) => {
      Object.assign(globalThis, { iothub: await import(entry) });
    }, this.server.entry);
    return opened;
  }
}
