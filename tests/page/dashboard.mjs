/** The dashboard as a user sees it: its places and gestures by name. Used by the tests of this folder. */
import assert from 'node:assert/strict';
import { openPage } from '../chromium.mjs';

/** Only what never comes takes so long. */
export const DEADLINE_MS = 90_000;

/**
 * A fresh browser profile with the dashboard open and telemetry arriving.
 * @param {import('playwright-core').Browser} browser
 * @param {string} url
 * @param {import('playwright-core').BrowserContextOptions} [options]
 */
export async function openDashboard(browser, url, options) {
  const { context, page, complaints } = await openPage(browser, options);
  page.setDefaultTimeout(DEADLINE_MS);
  await page.goto(url, { waitUntil: 'load' });
  const dashboard = new Dashboard(page, complaints);
  await dashboard.telemetry.first().waitFor();
  return { context, page, dashboard };
}

export class Dashboard {
  /** @param {import('playwright-core').Page} page @param {string[]} complaints */
  constructor(page, complaints) {
    this.page = page;
    this.complaints = complaints;
    this.device = page.getByRole('region', { name: 'Device', exact: true });
    this.service = page.getByRole('region', { name: 'Service', exact: true });
    this.telemetry = page.getByTestId('telemetry').locator('li');
    this.inbox = page.getByTestId('inbox').locator('li');
    this.board = page.getByTestId('board');
    this.wire = page.getByTestId('wire').locator('li');
  }

  /** @param {string} name */
  async tab(name) {
    await this.page.getByRole('tab', { name, exact: true }).click();
  }

  /** @param {string} name */
  async press(name) {
    await this.page.getByRole('button', { name, exact: true }).click();
  }

  /** Moves a slider as a hand does: to a value, with the events that a hand causes. @param {string} name @param {number} value */
  async slide(name, value) {
    await this.page.getByRole('slider', { name: `${name}: set the level` }).fill(String(value));
  }

  /** Waits until the newest telemetry has this shape. @param {(body: any) => boolean} wanted */
  async untilTelemetry(wanted) {
    const end = Date.now() + DEADLINE_MS;
    const newest = this.telemetry.first().locator('.row-body');
    for (;;) {
      const shown = (await newest.textContent()) ?? '';
      const body = JSON.parse(shown);
      if (wanted(body)) return body;
      assert.ok(Date.now() < end, `the telemetry did not come to be as wanted: ${shown}`);
      // The text that was judged, not one read later: a message between the two would never be judged.
      await this.page.waitForFunction(
        (before) => document.querySelector('[data-testid=telemetry] .row-body')?.textContent !== before,
        shown,
        { timeout: DEADLINE_MS },
      );
    }
  }

  /** Waits until the first of these says something else than before. @param {string} selector @param {string} before */
  async untilChanged(selector, before) {
    await this.page.waitForFunction(
      ([place = '', text]) =>
        /** @type {HTMLElement | null} */ (document.querySelector(place))?.innerText !== text,
      [selector, before],
    );
  }

  /** Waits until a line of the wire says this. @param {RegExp} text @param {number} [timeout] */
  async untilWire(text, timeout = DEADLINE_MS) {
    await this.wire.filter({ hasText: text }).first().waitFor({ timeout });
  }

  /**
   * Waits until the light says this, and nothing longer ("Disconnected" is not "Connected"). The page looks by itself,
   * at each frame: some states last a moment only.
   * @param {string} state
   */
  async untilLight(state) {
    await this.page.waitForFunction(
      (wanted) => document.querySelector('.end .light')?.textContent === wanted,
      state,
    );
  }

  noComplaints() {
    assert.deepEqual(this.complaints, []);
  }
}
