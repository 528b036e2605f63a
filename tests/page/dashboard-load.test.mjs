/** How the dashboard gets to a visitor: what it weighs, what it may load, that it can be installed, and who serves it. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import zlib from 'node:zlib';
import { launchChromium, openPage } from '../chromium.mjs';
import { startHub } from '../hub-process.mjs';
import { measureBesideQueue, processesOf } from '../queue-time.mjs';
import { Dashboard, openDashboard } from './dashboard.mjs';
import { startStaticHost } from './static-host.mjs';

const WWW = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../www/dist');
const TEST = { timeout: 300_000 };
const FIRST_LOAD_BYTES = 350 * 1024;
const FIRST_TELEMETRY_MS = 2_000;

/** @type {import('playwright-core').Browser} */
let browser;
/** @type {Awaited<ReturnType<typeof startStaticHost>>} */
let files;
/** @type {import('../hub-process.mjs').HubProcess} */
let hub;

before(async () => {
  [browser, files, hub] = await Promise.all([
    launchChromium(),
    startStaticHost(),
    startHub({ args: ['--www', WWW] }),
  ]);
});

after(async () => {
  await browser?.close();
  await Promise.all([files?.stop(), hub?.stop()]);
});

test('the first load, everything, is at most 350 KB of brotli', TEST, async (t) => {
  const { context, page, complaints } = await openPage(browser, { serviceWorkers: 'block' });
  /** @type {Map<string, Promise<Buffer>>} */
  const bodies = new Map();
  page.on('response', (response) => void bodies.set(new URL(response.url()).pathname, response.body()));
  await page.goto(files.url, { waitUntil: 'load' });
  await new Dashboard(page, complaints).telemetry.nth(2).waitFor();
  let whole = 0;
  for (const [name, body] of bodies) {
    const params = { [zlib.constants.BROTLI_PARAM_QUALITY]: 11 };
    const size = zlib.brotliCompressSync(await body, { params }).length;
    t.diagnostic(`${String(size).padStart(7)} ${name}`);
    whole += size;
  }
  t.diagnostic(`${String(whole).padStart(7)} of ${FIRST_LOAD_BYTES}`);
  assert.ok(
    [...bodies.keys()].filter((name) => name.endsWith('.wasm')).length === 2,
    'device and hub were loaded',
  );
  assert.ok(whole <= FIRST_LOAD_BYTES, `${whole} bytes`);
  await context.close();
});

test('the policy lets nothing in that is not the page’s own', TEST, async () => {
  const { context, page, dashboard } = await openDashboard(browser, files.url);
  const policy = await page.locator('meta[http-equiv="Content-Security-Policy"]').getAttribute('content');
  assert.doesNotMatch(policy ?? '', /unsafe-inline|'unsafe-eval'|\*(?!\s|;)(?!:)|https?:\/\/\*/);
  assert.equal(await page.locator('script:not([src]), style, [style*="url"], [onclick]').count(), 0);
  dashboard.noComplaints();
  const tried = await page.evaluate(async () => {
    /** @type {string[]} */
    const refused = [];
    document.addEventListener('securitypolicyviolation', (event) => refused.push(event.effectiveDirective));
    const inline = document.createElement('script');
    inline.textContent = 'globalThis.broken = true';
    document.head.append(inline);
    await fetch('https://example.org/').catch(() => {});
    await new Promise((resolve) => {
      const image = new Image();
      image.onerror = resolve;
      image.src = 'https://example.org/pixel.png';
    });
    return { refused, broken: 'broken' in globalThis };
  });
  assert.equal(tried.broken, false);
  assert.deepEqual(tried.refused.sort(), ['connect-src', 'img-src', 'script-src-elem']);
  await context.close();
});

for (const [name, url] of /** @type {const} */ ([
  ['a static host', () => files.url],
  ['iothub-local', () => `${hub.ready.http}/`],
])) {
  test(`served by ${name} it can be installed`, TEST, async () => {
    const { context, page, dashboard } = await openDashboard(browser, url());
    await page.evaluate(() => navigator.serviceWorker.ready);
    const devtools = await context.newCDPSession(page);
    const manifest = await devtools.send('Page.getAppManifest');
    assert.deepEqual(manifest.errors, []);
    assert.match(manifest.data ?? '', /"standalone"/);
    const { installabilityErrors } = await devtools.send('Page.getInstallabilityErrors');
    // A private window never offers to install; everything else has to be in order.
    const errors = installabilityErrors.map(({ errorId }) => errorId).filter((id) => id !== 'in-incognito');
    assert.deepEqual(errors, []);
    dashboard.noComplaints();
    await context.close();
  });
}

test('with the network off, telemetry is there within two seconds', TEST, async () => {
  const { context, page, dashboard } = await openDashboard(browser, files.url);
  await page.evaluate(async () => {
    const { active } = await navigator.serviceWorker.ready;
    while (active?.state !== 'activated')
      await new Promise((resolve) => active?.addEventListener('statechange', resolve, { once: true }));
  });
  await context.setOffline(true);
  await page.reload({ waitUntil: 'load' });
  const { took, queued } = await measureBesideQueue(
    async () => [...(await processesOf(browser)), process.pid],
    () => dashboard.telemetry.first().waitFor(),
  );
  assert.ok(took <= FIRST_TELEMETRY_MS, `${took} ms, and ${queued} ms in the queue for a processor`);
  dashboard.noComplaints();
  await context.close();
});
