/**
 * `iothub-wasm/hub`: a device and its hub in one tab of a real Chromium. No hub process runs, and no socket is
 * opened: the page's own WebSocket would be seen.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { launchChromium, openPage } from '../chromium.mjs';
import { servePackage } from '../static-server.mjs';

/** @type {import('playwright-core').Browser} */
let browser;
/** @type {Awaited<ReturnType<typeof servePackage>>} */
let server;

before(async () => {
  server = await servePackage();
  browser = await launchChromium();
});

after(async () => {
  await browser?.close();
  await server?.close();
});

/** A page with the package and its hub loaded, in which any real WebSocket is an error. */
async function openBoth() {
  const opened = await openPage(browser);
  await opened.page.goto(server.url);
  await opened.page.evaluate(
    async ([client, hub]) => {
      Object.assign(globalThis, { iothub: await import(client), iothubHub: await import(hub) });
      globalThis.WebSocket = /** @type {any} */ (
        class {
          constructor() {
            throw new Error('the network was used');
          }
        }
      );
    },
    /** @type {const} */ ([
      server.entry,
      new URL('./hub/browser.js', new URL(server.entry, server.url)).href,
    ]),
  );
  return opened;
}

test('telemetry, C2D, twin and methods in one tab without a server', { timeout: 300_000 }, async () => {
  const { context, page, complaints } = await openBoth();
  const seen = await page.evaluate(async () => {
    const hub = await iothubHub.LocalHub.start();
    const credentials = await hub.connectionString('device-1');
    const device = await iothub.DeviceClient.connect(credentials, { WebSocket: hub.WebSocket });
    await device.send({ body: { t: 1 }, properties: { 'a b': 'c&d' } });
    const telemetry = await hub.waitFor('telemetry');
    const message = new Promise((resolve) => {
      device.addEventListener('message', (/** @type {any} */ event) => resolve(event.message.text()), {
        once: true,
      });
    });
    await hub.sendMessage('device-1', { body: 'down' });
    await device.updateReported({ firmware: 2 });
    const desired = new Promise((resolve) => {
      device.addEventListener('desired', (/** @type {any} */ event) => resolve(event.patch), { once: true });
    });
    await hub.patchTwin('device-1', { properties: { desired: { interval: 5 } } });
    device.onMethod('reboot', ({ payload }) => ({ status: 202, payload: { asked: payload } }));
    const call = { methodName: 'reboot', payload: 'now', connectTimeoutInSeconds: 10 };
    const answer = await hub.invokeMethod('device-1', call);
    const twin = await hub.twin('device-1');
    const result = {
      telemetry,
      json: telemetry.json(),
      message: await message,
      desired: await desired,
      answer,
      reported: twin.properties.reported.firmware,
    };
    await device.close();
    hub.close();
    return result;
  });
  assert.equal(seen.telemetry.deviceId, 'device-1');
  assert.deepEqual(seen.telemetry.properties, { 'a b': 'c&d' });
  assert.deepEqual(seen.json, { t: 1 });
  assert.equal(seen.message, 'down');
  assert.deepEqual(seen.desired, { interval: 5 });
  assert.deepEqual(seen.answer, { status: 202, payload: { asked: 'now' } });
  assert.equal(seen.reported, 2);
  assert.deepEqual(complaints, []);
  await context.close();
});

test('the hub in the page refuses and cuts as the process does', { timeout: 300_000 }, async () => {
  const { context, page } = await openBoth();
  const seen = await page.evaluate(async () => {
    const hub = await iothubHub.LocalHub.start();
    const wrong = (await hub.connectionString('device-1')).replace(
      /SharedAccessKey=.*/,
      'SharedAccessKey=AAAA',
    );
    const code = await iothub.DeviceClient.connect(wrong, { WebSocket: hub.WebSocket }).then(
      () => 'connected',
      (/** @type {any} */ error) => error.code,
    );
    const { reason } = await hub.waitFor('refused');
    const good = await hub.connectionString('device-1');
    const device = await iothub.DeviceClient.connect(good, { WebSocket: hub.WebSocket });
    const { lastEventId } = hub;
    await hub.addFault({ kind: 'cut' });
    const cut = await hub.waitFor('connection', { lastEventId });
    const back = await hub.waitFor('connection', { lastEventId });
    await device.send({ body: 'still here' });
    const error = await hub
      .invokeMethod('nobody', { methodName: 'x' })
      .catch((/** @type {any} */ thrown) => thrown);
    const result = { code, reason, cut: cut.reason, back: back.state, error: error.errorCode };
    await device.close();
    hub.close();
    return result;
  });
  assert.deepEqual(seen, {
    code: 'unauthorized',
    reason: 'token-signature',
    cut: 'fault',
    back: 'connected',
    error: 404001,
  });
  await context.close();
});
