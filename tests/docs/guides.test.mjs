/**
 * Every code block of README and guides is compiled and run, in a real Chromium or in Node, against a hub. What a block
 * does is seen from the service's side: messages it sends arrive, handlers it registers are called and answer.
 */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { BrowserWorld } from '../browser-world.mjs';
import { Service } from '../client/service.mjs';
import { program } from '../runtimes/programs.mjs';
import { bundleWorker, openWorkerd } from '../runtimes/workerd.mjs';
import { compile, compiledFile, PLACE_OF_STRING, readBlocks } from './blocks.mjs';

const BLOCKS = compile(readBlocks());
const DEADLINE = 15_000;

/** @type {BrowserWorld} */
let world;

before(async () => {
  world = await BrowserWorld.open();
});

after(() => world?.close());

test('README and guides have code to run', () => {
  assert.ok(BLOCKS.some(({ place }) => place.startsWith('README.md')));
  assert.ok(BLOCKS.length > 20, `${BLOCKS.length} blocks`);
});

/** @typedef {{ deviceId: string, key: string, credentials: string, service: Service, events: import('../local-api.mjs').LocalEvents }} Ground */

for (const block of BLOCKS.filter(({ server, runner }) => !server && runner === undefined)) {
  test(`${block.place} runs in a page`, { timeout: 300_000 }, async () => {
    const ground = await lay();
    const { page, context, complaints } = await world.openPage();
    await page.route('**/token', async (route) => {
      const response = await tokenFrom(ground);
      await route.fulfill({ status: response.status, body: await response.text() });
    });
    await page.evaluate(runInPage, putIn(block.code ?? '', ground));
    await observe(block.source, ground, page);
    assert.deepEqual(complaints, []);
    await context.close();
    await ground.events.close();
  });
}

test('the signer and the endpoint of the guide make tokens that the hub takes', {
  timeout: 300_000,
}, async () => {
  const ground = await lay();
  const response = await tokenFrom(ground);
  assert.equal(response.headers.get('cache-control'), 'no-store');
  const { makeToken } = await import(pathToFileURL(compiledFile('token')).href);
  // The vector that the official SDKs give for the same input.
  const key = Buffer.from([...Array(32).keys()]).toString('base64');
  assert.equal(
    await makeToken('myhub.azure-devices.net/devices/dev-1', key, 1735689600),
    'SharedAccessSignature sr=myhub.azure-devices.net%2Fdevices%2Fdev-1&sig=84pz%2Fm7413TY1U%2FYMFFamVl5Y4NvmPlv63y66rvYYI0%3D&se=1735689600',
  );
  await ground.events.close();
});

test('the endpoint runs unchanged in Deno, Bun and a Worker', { timeout: 300_000 }, async () => {
  const ground = await lay();
  const env = { HUB_HOST: 'localhost', DEVICE_ID: ground.deviceId, DEVICE_KEY: ground.key };
  const ask = `import server from ${JSON.stringify(pathToFileURL(compiledFile('endpoint')).href)};
const response = await server.fetch(new Request('http://localhost/token'), ${JSON.stringify(env)});
console.log(await response.text());`;
  const script = compiledFile('ask-endpoint');
  fs.writeFileSync(script, ask);
  const folder = path.dirname(script);
  const tokens = [
    await program('deno', ['run', '--no-check', '--allow-read', script], folder),
    await program('bun', ['run', script], folder),
  ];
  const entry = path.join(folder, 'worker.js');
  fs.copyFileSync(compiledFile('endpoint'), entry);
  const bundled = await bundleWorker(entry, path.join(folder, 'worker'));
  const worker = await openWorkerd(bundled, { bindings: env });
  tokens.push(await (await worker.dispatchFetch('http://localhost/token')).text());
  await worker.dispose();
  const { page, context } = await world.openPage();
  for (const token of tokens) {
    const sas = token.trim();
    const given = {
      host: 'localhost',
      deviceId: ground.deviceId,
      useLocalHub: /** @type {const} */ (true),
      sas,
    };
    const port = Number(new URL(world.hub.ready.http).port);
    await page.evaluate((credentials) => iothub.DeviceClient.sendOnce(credentials, [{ body: 'let in' }]), {
      ...given,
      port,
    });
  }
  await context.close();
  await ground.events.close();
});

test('an MQTT library by hand sends what the guide says', { timeout: 300_000 }, async () => {
  const ground = await lay();
  const { code = '' } = BLOCKS.find(({ name }) => name === 'by-hand') ?? {};
  const local = new URL(world.hub.ready.http).port;
  const dialled = code.replace('wss://$' + '{host}:443', `ws://localhost:${local}`);
  assert.notEqual(dialled, code, 'the address was not found in the block');
  const file = compiledFile('by-hand-local');
  fs.writeFileSync(file, dialled);
  const { sendByHand } = await import(pathToFileURL(file).href);
  await sendByHand('localhost', ground.deviceId, ground.key);
  const event = await ground.events.next(
    'telemetry',
    (e) => e.type === 'telemetry' && e.deviceId === ground.deviceId,
  );
  assert.deepEqual([JSON.parse(event.body), event.properties], [{ temperature: 21.5 }, { level: 'storage' }]);
  assert.equal(event.systemProperties['content-type'], 'application/json');
  await ground.events.close();
});

/** @returns {Promise<Ground>} */
async function lay() {
  const { deviceId, connectionString: credentials } = await world.createDevice();
  const key = /SharedAccessKey=([^;]+)/.exec(credentials)?.[1] ?? '';
  const service = new Service(world.hub.ready.http, deviceId);
  return { deviceId, key, credentials, service, events: await world.openEvents() };
}

/** What the guide's endpoint answers for this device. @param {Ground} ground @returns {Promise<Response>} */
async function tokenFrom({ deviceId, key }) {
  const { default: server } = await import(pathToFileURL(compiledFile('endpoint')).href);
  const env = { HUB_HOST: 'localhost', DEVICE_ID: deviceId, DEVICE_KEY: key };
  return server.fetch(new Request('http://localhost/token'), env);
}

/** The block's code for this hub and device. @param {string} code @param {Ground} ground */
function putIn(code, { deviceId, credentials }) {
  const { port } = new URL(world.hub.ready.http);
  return code
    .replaceAll(PLACE_OF_STRING, credentials)
    .replaceAll("host: 'my-hub.azure-devices.net'", `host: 'localhost', useLocalHub: true, port: ${port}`)
    .replaceAll("'my-device'", `'${deviceId}'`)
    .replaceAll("'iothub-wasm'", `'${new URL(world.server.entry, world.server.url).href}'`);
}

/** In the page. @param {string} code */
async function runInPage(code) {
  await import(URL.createObjectURL(new Blob([code], { type: 'text/javascript' })));
}

/**
 * Acts as the service where the block listens, and checks what it sends.
 * @param {string} source @param {Ground} ground @param {import('playwright-core').Page} page
 */
async function observe(source, { deviceId, service, events }, page) {
  const mine = (/** @type {any} */ e) => e.deviceId === deviceId;
  if (!/parseConnectionString/.test(source))
    await events.next('link', (e) => mine(e) && e.state === 'connected');
  if (/\.send\(|sendOnce\(/.test(source))
    await events.next('telemetry', (e) => mine(e) && e.type === 'telemetry');
  if (/'message'/.test(source)) {
    await service.sendMessage({ body: 'from the service', messageId: 'c2d' });
    await events.next('handled message', (e) => mine(e) && e.type === 'c2d' && e.state === 'completed');
  }
  for (const [, name = ''] of source.matchAll(/onMethod\('([^']+)'/g)) {
    const answer = await service.invoke(
      name === '*' ? 'anything' : name,
      { delay: 3 },
      { connectTimeoutInSeconds: 5 },
    );
    assert.equal(answer.status, 200, answer.text);
    assert.notEqual(answer.body.status, 501, `${name} has no handler`);
  }
  if (/updateReported\(/.test(source) && !/'desired'/.test(source))
    await events.next('reported patch', (e) => mine(e) && e.type === 'twin' && e.section === 'reported');
  if (/'desired'/.test(source)) await changeDesired(source, service, events, page);
}

/**
 * @param {string} source @param {Service} service @param {import('../local-api.mjs').LocalEvents} events @param {import('playwright-core').Page} page
 */
async function changeDesired(source, service, events, page) {
  const reports = /updateReported\(/.test(source);
  const says = { predicate: (/** @type {any} */ message) => message.text().includes('7'), timeout: DEADLINE };
  const told = reports ? undefined : page.waitForEvent('console', says);
  await service.setDesired({ interval: 7 });
  if (reports) {
    const wanted = (/** @type {any} */ e) =>
      e.section === 'reported' && JSON.stringify(e.patch).includes('interval');
    await events.next('answer to the desired change', wanted);
    return;
  }
  await told;
}
