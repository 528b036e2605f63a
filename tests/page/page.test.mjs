/**
 * The real page in Chromium, served by the real hub: a device on the left, the service on the right,
 * and what goes in on one side comes out on the other.
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { launchChromium, openPage } from '../chromium.mjs';
import { startHub } from '../hub-process.mjs';
import { LocalEvents } from '../local-api.mjs';
import { measureBesideQueue, processesOf } from '../queue-time.mjs';

const WWW = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../www/dist');
const FIRST_TELEMETRY_MS = 2_000;
const DEADLINE_MS = 60_000;

/** @type {import('../hub-process.mjs').HubProcess} */
let hub;
/** @type {import('playwright-core').Browser} */
let browser;

before(async () => {
  hub = await startHub({ args: ['--www', WWW] });
  browser = await launchChromium();
});

after(async () => {
  await browser?.close();
  await hub?.stop();
});

test('telemetry arrives on the right within two seconds of load', { timeout: 300_000 }, async () => {
  const { context, page, complaints } = await openPage(browser);
  await page.goto(`${hub.ready.http}/`, { waitUntil: 'load' });
  const { took, queued } = await measureBesideQueue(
    async () => [...(await processesOf(browser)), process.pid, hub.pid ?? 0],
    () => telemetry(page).first().waitFor({ timeout: DEADLINE_MS }),
  );
  assert.ok(took <= FIRST_TELEMETRY_MS, `${took} ms, and ${queued} ms in the queue for a processor`);
  await telemetry(page).nth(3).waitFor({ timeout: DEADLINE_MS }); // and it goes on
  assert.deepEqual(complaints, []);
  await context.close();
});

test('what the page shows is what the hub received', { timeout: 300_000 }, async () => {
  const { context, page } = await openPage(browser);
  const events = await LocalEvents.open(hub.ready.http);
  await page.goto(`${hub.ready.http}/`, { waitUntil: 'load' });
  await telemetry(page).first().waitFor({ timeout: DEADLINE_MS });
  const event = await events.next('telemetry of a page', (e) => e.type === 'telemetry');
  assert.equal(event.systemProperties['content-type'], 'application/json');
  assert.equal(typeof Object.values(JSON.parse(event.body))[0], 'number');
  assert.match(event.deviceId, /^page-/);
  await events.close();
  await context.close();
});

test('a message typed on the right appears on the left', { timeout: 300_000 }, async () => {
  const { context, page, complaints } = await openPage(browser);
  await page.goto(`${hub.ready.http}/`, { waitUntil: 'load' });
  await telemetry(page).first().waitFor({ timeout: DEADLINE_MS });
  const service = page.getByRole('region', { name: 'Service' });
  await service.getByLabel('Message', { exact: true }).fill('switch on, ä & <b>');
  await service.getByRole('button', { name: 'Send', exact: true }).click();
  const inbox = page.getByRole('region', { name: 'Device' }).getByTestId('inbox').locator('li').first();
  await inbox.waitFor({ timeout: DEADLINE_MS });
  assert.match(await inbox.innerText(), /switch on, ä & <b>/);
  assert.deepEqual(complaints, []);
  await context.close();
});

test('two tabs are two devices and do not fight', { timeout: 300_000 }, async () => {
  const events = await LocalEvents.open(hub.ready.http);
  const { context, page: one } = await openPage(browser);
  const two = await context.newPage();
  await one.goto(`${hub.ready.http}/`, { waitUntil: 'load' });
  await two.goto(`${hub.ready.http}/`, { waitUntil: 'load' });
  await telemetry(one).nth(2).waitFor({ timeout: DEADLINE_MS });
  await telemetry(two).nth(2).waitFor({ timeout: DEADLINE_MS });
  const ids = await Promise.all([one, two].map((page) => page.locator('.end code').first().innerText()));
  assert.equal(new Set(ids).size, 2, ids.join());
  for (const id of ids)
    await events.next(`telemetry of ${id}`, (e) => e.type === 'telemetry' && e.deviceId === id);
  assert.ok(!events.seen.some((e) => e.reason === 'taken-over'));
  await events.close();
  await context.close();
});

test('the page keeps to its own origin and stores no key', { timeout: 300_000 }, async () => {
  const { context, page } = await openPage(browser);
  /** @type {Set<string>} */
  const hosts = new Set();
  page.on('request', (request) => hosts.add(new URL(request.url()).host));
  await page.goto(`${hub.ready.http}/`, { waitUntil: 'load' });
  await telemetry(page).first().waitFor({ timeout: DEADLINE_MS });
  assert.deepEqual([...hosts], [new URL(hub.ready.http).host]);
  const stored = await page.evaluate(() =>
    JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]),
  );
  assert.doesNotMatch(stored, /SharedAccess|[A-Za-z0-9+/]{40,}=/);
  await context.close();
});

/** @param {import('playwright-core').Page} page */
function telemetry(page) {
  return page.getByTestId('telemetry').locator('li');
}
