/** The main path of the dashboard in Firefox, as it is installed; skipped by name where there is none. */
import { test } from 'node:test';
import { findFirefox, launchFirefox } from './firefox.mjs';
import { startStaticHost } from './static-host.mjs';

const binary = findFirefox();
const skip = binary === undefined && 'there is no Firefox on this machine';

test('in Firefox: open, slide, call, desire, cut, come back', { timeout: 300_000, skip }, async () => {
  const firefox = await launchFirefox(/** @type {string} */ (binary));
  const files = await startStaticHost();
  const { page } = firefox;
  try {
    await page.open(files.url);
    const rows = 'document.querySelectorAll("[data-testid=telemetry] li").length';
    await page.until(`${rows} > 1`);

    // The topmost place of the slider, by the key that leads there.
    await page.keys('//input[@type="range"][1]', '\uE010');
    await page.until(
      'JSON.parse(document.querySelector("[data-testid=telemetry] .row-body").textContent).temperature > 60',
    );

    await page.press('//button[@role="tab"][.="Call a method"]');
    await page.press('//button[.="Call"]');
    await page.until(`document.querySelector("[data-testid=method-result]")?.textContent.includes("hello")`);

    await page.press('//button[@role="tab"][.="Desired properties"]');
    await page.type('//label[contains(., "Patch")]//textarea', '{"led":"blue"}');
    await page.press('//button[.="Apply"]');
    await page.until('document.querySelector(".led-blue") !== null');

    await page.press('//button[@role="tab"][.="Trouble"]');
    await page.press('//button[.="Cut the link"]');
    await page.until('document.querySelector("[data-testid=wire]").textContent.includes("reconnected")');
    await page.until('document.querySelector(".end .light-good") !== null');
    const before = await page.run('return document.querySelector(".wire-figures b").textContent');
    await page.until(`document.querySelector(".wire-figures b").textContent !== ${JSON.stringify(before)}`);
  } finally {
    await firefox.stop();
    await files.stop();
  }
});
