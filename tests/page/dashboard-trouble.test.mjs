/** Trouble on purpose: each button of the dashboard, one press, and how the client comes through, as the page tells it. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launchChromium } from '../chromium.mjs';
import { openDashboard } from './dashboard.mjs';
import { startStaticHost } from './static-host.mjs';

/** The client finds a silent link within 20 s while it sends; a busy machine needs some more. */
const FOUND_MS = 60_000;
const TEST = { timeout: 300_000 };

/** @type {import('playwright-core').Browser} */
let browser;
/** @type {Awaited<ReturnType<typeof startStaticHost>>} */
let files;

before(async () => {
  [browser, files] = await Promise.all([launchChromium(), startStaticHost()]);
});

after(async () => {
  await browser?.close();
  await files?.stop();
});

test('cut: the link is gone, the client comes back and sends again', TEST, async () => {
  await inTrouble('Cut the link', async ({ dashboard, gauges }) => {
    await dashboard.untilWire(/reconnecting/);
    await dashboard.untilWire(/reconnected/);
    await gauges.until('Reconnects', (count) => count === 1);
  });
});

test('cut again and again: nobody is accused, the device is back each time', TEST, async () => {
  await inTrouble('Cut the link', async ({ dashboard, gauges }) => {
    for (let cuts = 1; cuts <= 5; cuts++) {
      await gauges.until('Reconnects', (count) => count === cuts);
      await dashboard.untilLight('Connected');
      if (cuts < 5) await dashboard.press('Cut the link');
    }
    assert.equal(await dashboard.wire.filter({ hasText: 'another client' }).count(), 0);
  });
});

test('half-open: what flies piles up, the silence is noticed, all of it arrives', TEST, async () => {
  await inTrouble('Half-open link', async ({ dashboard, gauges }) => {
    await gauges.until('In flight', (count) => count >= 3);
    await dashboard.untilWire(/reconnecting.*silent/, FOUND_MS);
    await dashboard.untilWire(/reconnected/, FOUND_MS);
    await gauges.until('Sent again', (count) => count >= 3);
    await gauges.until('In flight', (count) => count <= 1);
  });
});

test('slow: the round trip grows, and the histogram shows it', TEST, async () => {
  await inTrouble('Slow hub', async ({ page, gauges }) => {
    await gauges.until('In flight', (count) => count >= 2);
    const late = 'the bin of two to five seconds';
    // Bins by their upper ends: 2, 5, 10, 20, 50, 100, 200, 500 ms, 1, 2, 5 s.
    const height = () => page.locator('.histogram rect').nth(10).getAttribute('height').then(Number);
    await gauges.until(late, (count) => count > 1, height);
  });
});

test('throttle: answers are held back, the link is closed, the client waits and returns', TEST, async () => {
  await inTrouble('Throttle', async ({ dashboard }) => {
    await dashboard.untilWire(/disconnected.*throttl/, FOUND_MS);
    await dashboard.untilWire(/reconnected/, FOUND_MS);
  });
});

test('expired token: a new one is signed', TEST, async () => {
  await inTrouble('Expire the token', async ({ dashboard }) => {
    await dashboard.untilWire(/disconnected.*token-expired/);
    await dashboard.untilWire(/reconnected/);
  });
});

test('wrong key: the hub says why it refuses, and the device itself is left alone', TEST, async () => {
  await inTrouble('Wrong key', async ({ page, dashboard }) => {
    await page.getByText(/unauthorized: the hub refused twice/).waitFor();
    await dashboard.untilWire(/refused.*token-signature/);
    assert.equal(await dashboard.wire.filter({ hasText: 'reconnecting' }).count(), 0);
  });
});

test('taken over: the other one is named, and ours comes back', TEST, async () => {
  await inTrouble('Take over', async ({ dashboard }) => {
    await dashboard.untilWire(/disconnected.*taken-over/);
    await dashboard.untilWire(/reconnected/);
  });
});

test('hub restart: every link closes, twin and registry stay', TEST, async () => {
  await inTrouble('Restart the hub', async ({ dashboard, page }) => {
    await dashboard.untilWire(/disconnected.*restart/);
    await dashboard.untilWire(/reconnected/);
    await dashboard.tab('Devices');
    await page
      .getByTestId('devices')
      .getByText(/^connected$/)
      .waitFor();
  });
});

test('refused: the client backs off, says until when, and can be sent at once', TEST, async () => {
  await inTrouble('Refuse twice', async ({ page, dashboard }) => {
    await dashboard.press('Cut the link');
    await dashboard.untilWire(/CONNACK.*3 hub unavailable/);
    await page.getByText(/next attempt in \d+ s/).waitFor();
    await dashboard.press('Connect now');
  });
});

test('lost PUBACKs and duplicates: nothing is lost, and what came twice is called so', TEST, async () => {
  await inTrouble('Lose 3 PUBACKs', async ({ dashboard, gauges }) => {
    await gauges.until('In flight', (count) => count >= 3);
    await dashboard.press('Cut the link');
    await gauges.until('Sent again', (count) => count >= 3);
    await dashboard.press('Duplicates');
    await dashboard.tab('Cloud to device');
    await dashboard.press('Send');
    await dashboard.inbox.nth(1).waitFor();
    await dashboard.inbox.filter({ hasText: 'It came before.' }).first().waitFor();
    await dashboard.tab('Trouble');
    await dashboard.press('End all trouble');
    await dashboard.page.getByText('All standing faults are gone.').waitFor();
  });
});

/**
 * Opens the page, presses the button, follows the story, and sees telemetry go on at its end.
 * @param {string} trouble
 * @param {(told: { page: import('playwright-core').Page, dashboard: import('./dashboard.mjs').Dashboard, gauges: Gauges }) => Promise<void>} story
 */
async function inTrouble(trouble, story) {
  const { context, page, dashboard } = await openDashboard(browser, files.url);
  await dashboard.tab('Trouble');
  await dashboard.press(trouble);
  await story({ page, dashboard, gauges: new Gauges(page) });
  await dashboard.untilLight('Connected');
  await dashboard.slide('Temperature', 70);
  await page.getByLabel('Temperature: how it moves').selectOption('steady');
  await dashboard.untilTelemetry((body) => body.temperature === 70);
  dashboard.noComplaints();
  await context.close();
}

class Gauges {
  /** @param {import('playwright-core').Page} page */
  constructor(page) {
    this.page = page;
  }

  /** @param {string} name @returns {Promise<number>} */
  async read(name) {
    const text = await this.page
      .getByTestId('gauges')
      .locator(`dl div:has(dt:text-is("${name}")) dd`)
      .innerText();
    return Number(text.replaceAll(',', ''));
  }

  /**
   * Looks again at each frame until a figure is as wanted.
   * @param {string} name @param {(count: number) => boolean} wanted @param {() => Promise<number>} [read]
   */
  async until(name, wanted, read = () => this.read(name)) {
    const end = Date.now() + FOUND_MS;
    for (;;) {
      const count = await read();
      if (wanted(count)) return;
      assert.ok(Date.now() < end, `${name} stayed at ${count}`);
      await this.page.evaluate(() => new Promise(requestAnimationFrame));
    }
  }
}
