/**
 * A page that nobody listens to while it loads: a debugger is told of every request, and has each script parsed once
 * more for the stack of each. Used by `chromium.mjs` for what is measured from the navigation on.
 */
import { setTimeout as sleep } from 'node:timers/promises';

/** A tab that has just been made is still busy with itself. */
const REST_MS = 300;
/** How long a page is left alone before it is asked. What it is asked for may come later. */
const LOAD_MS = 500;
const DEADLINE_MS = 60_000;

/** Opens pages in contexts that Playwright does not know: it would attach to them. */
export class LonePages {
  #browser;
  #next = 1;
  /** @type {Map<number, { resolve: (result: any) => void, reject: (error: Error) => void }>} */
  #open = new Map();

  /** @param {import('playwright-core').CDPSession} browser */
  constructor(browser) {
    this.#browser = browser;
    browser.on('Target.receivedMessageFromTarget', ({ message }) => {
      const { id, result, error } = JSON.parse(message);
      const call = this.#open.get(id);
      this.#open.delete(id);
      if (error) call?.reject(new Error(error.message));
      else call?.resolve(result);
    });
  }

  /**
   * Loads `url` in a fresh profile, then asks for a value.
   * @param {string} url
   * @param {string} expression
   * @returns {Promise<any>}
   */
  async ask(url, expression) {
    const { browserContextId } = await this.#browser.send('Target.createBrowserContext');
    try {
      const { targetId } = await this.#browser.send('Target.createTarget', {
        url: 'about:blank',
        browserContextId,
      });
      const { sessionId } = await this.#browser.send('Target.attachToTarget', { targetId, flatten: false });
      await sleep(REST_MS);
      await this.#call(sessionId, 'Page.navigate', { url });
      await sleep(LOAD_MS);
      const question = { expression, awaitPromise: true, returnByValue: true };
      const { result, exceptionDetails } = await this.#call(sessionId, 'Runtime.evaluate', question);
      if (exceptionDetails) throw new Error(`${url}: ${exceptionDetails.exception?.description}`);
      return result.value;
    } finally {
      await this.#browser.send('Target.disposeBrowserContext', { browserContextId });
    }
  }

  /**
   * @param {string} sessionId
   * @param {string} method
   * @param {object} params
   * @returns {Promise<any>}
   */
  async #call(sessionId, method, params) {
    const id = this.#next++;
    const answer = new Promise((resolve, reject) => this.#open.set(id, { resolve, reject }));
    await this.#browser.send('Target.sendMessageToTarget', {
      sessionId,
      message: JSON.stringify({ id, method, params }),
    });
    const late = sleep(DEADLINE_MS, undefined, { ref: false }).then(() => {
      throw new Error(`${method} was not answered in ${DEADLINE_MS / 1000} s`);
    });
    return Promise.race([answer, late]);
  }
}
