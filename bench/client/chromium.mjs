/**
 * The client's bench in Chromium: each turn in a fresh profile with a renderer of its own, and the time from the
 * navigation to the first CONNACK. Called by `npm run bench -- client`.
 */
import fs from 'node:fs';
import { launchChromium } from '../../tests/chromium.mjs';
import { takeTurns } from '../lib/turns.mjs';
import { LonePages } from './alone.mjs';
import { IN_PAGES, WINDOWS } from './contenders.mjs';
import { servePages } from './page-server.mjs';
import { wireOf } from './wire.mjs';

const DEADLINE_MS = 180_000;

/** A frame costs a page so much that a part of the messages says the same; what counts are rates. */
const SHARE = /** @type {Record<string, number>} */ ({ single: 10, frames: 4, paho: 4 });

/**
 * @param {{ device: string, rounds: number, messages: number }} setting `device` is a connection string
 * @returns {Promise<{ chromium: import('./node.mjs').Figures, chromiumVersion: string }>} `connack` beside the ways of sending
 */
export async function measureInChromium({ device, rounds, messages }) {
  const server = await servePages(wireOf(device));
  const browser = await launchChromium();
  const contenders = Object.fromEntries(IN_PAGES.map((name) => [name, name]));
  try {
    const pages = new LonePages(await browser.newBrowserCDPSession());
    const connack = await takeTurns({
      title: 'in Chromium, first CONNACK',
      // Short, and spread widely: the processes of a browser have two cores here.
      rounds: rounds * 8,
      contenders,
      measure: async (name) => ({ connackMs: await pages.ask(`${server.url}/${name}`, 'accepted') }),
    });
    /** @type {import('./node.mjs').Figures} */
    const figures = { connack };
    for (const way of Object.keys(WINDOWS)) {
      figures[way] = await takeTurns({
        title: `in Chromium, ${way}`,
        rounds,
        contenders,
        measure: (name) =>
          inPage(browser, `${server.url}/${name}`, (page) =>
            drive(page, way, Math.ceil(messages / (SHARE[way] ?? SHARE[name] ?? 1))),
          ),
      });
    }
    return { chromium: figures, chromiumVersion: browser.version() };
  } finally {
    await browser.close();
    server.close();
  }
}

/**
 * @param {import('playwright-core').Browser} browser
 * @param {string} url
 * @param {(page: import('playwright-core').Page) => Promise<Record<string, number>>} body
 */
async function inPage(browser, url, body) {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(DEADLINE_MS);
    await page.goto(url);
    return await body(page);
  } finally {
    await context.close();
  }
}

/**
 * @param {import('playwright-core').Page} page
 * @param {string} way
 * @param {number} count
 */
async function drive(page, way, count) {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send('Performance.enable', { timeDomain: 'threadTicks' });
  let before = 0;
  await page.exposeFunction('warm', async () => {
    before = await mainThread(cdp);
  });
  await page.evaluate('accepted');
  const figures = await page.evaluate(`run(${JSON.stringify(way)}, ${count})`).catch(unlessStorage);
  if (figures === undefined) return {};
  const seconds = (await mainThread(cdp)) - before;
  return { ...figures, mainPer100k: seconds * (100_000 / count), peakMb: await peakMb(page) };
}

/** paho-mqtt keeps every open message in localStorage, which has room for five megabytes. @param {Error} error */
function unlessStorage(error) {
  if (/quota/i.test(error.message)) return undefined;
  throw error;
}

/** CPU seconds of the page's main thread. @param {import('playwright-core').CDPSession} cdp */
async function mainThread(cdp) {
  const { metrics } = await cdp.send('Performance.getMetrics');
  return metrics.find(({ name }) => name === 'ThreadTime')?.value ?? Number.NaN;
}

/** The most that the page's process has held; known on Linux. @param {import('playwright-core').Page} page */
async function peakMb(page) {
  const browser = page.context().browser();
  const cdp = await browser?.newBrowserCDPSession();
  const { processInfo } = (await cdp?.send('SystemInfo.getProcessInfo')) ?? { processInfo: [] };
  await cdp?.detach();
  // A spare renderer has loaded nothing and is smaller.
  const peaks = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => highWater(id));
  return Math.max(...peaks);
}

/** @param {number} pid */
function highWater(pid) {
  try {
    const [, kilobytes] = /VmHWM:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kilobytes) / 1024;
  } catch {
    return Number.NaN;
  }
}
