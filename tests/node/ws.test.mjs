/** The class of `ws`, which Node 20 needs: sockets that are given up, compression, and a hub that does not run. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { DeviceClient } from '../../pkg/node.js';
import { startHub } from '../hub-process.mjs';
import { createDevice } from '../runtimes/hosts/service.js';
import { tool } from '../runtimes/workerd.mjs';
import { failure, KEY, until, within } from './small-hub.mjs';

/** @type {any} */
const ws = await tool('ws');
const { WebSocket } = ws;

/** @type {import('../hub-process.mjs').HubProcess} */
let hub;

before(async () => {
  hub = await startHub();
});

after(() => hub?.stop());

/** A server that accepts TCP and says nothing: the picture of an outage. */
async function silentServer() {
  /** @type {Set<net.Socket>} */
  const open = new Set();
  const server = net.createServer((socket) => {
    open.add(socket);
    socket
      .resume()
      .on('error', () => {})
      .on('close', () => open.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {net.AddressInfo} */ (server.address());
  const close = () => {
    for (const socket of open) socket.destroy();
    server.close();
  };
  return { port, open, close };
}

/** @param {number} port */
const credentialsAt = (port) =>
  `HostName=127.0.0.1;DeviceId=d;SharedAccessKey=${KEY};UseLocalHub=true;Port=${port}`;

// An `error` of `ws` that nobody hears is an uncaught exception: it would end this process, and fail the test.

test('a connect that is aborted gives up a socket that is opening', async () => {
  const server = await silentServer();
  const control = new AbortController();
  const connecting = failure(
    DeviceClient.connect(credentialsAt(server.port), { WebSocket, signal: control.signal }),
  );
  await until('the TCP connection', () => server.open.size > 0);
  control.abort();
  assert.equal((await connecting).code, 'aborted');
  await until('it is closed', () => server.open.size === 0);
  server.close();
});

test('a socket that does not open in time is given up, and the next one tried', async () => {
  const server = await silentServer();
  const options = { WebSocket, openTimeout: 30, connectTimeout: 400, backoff: { base: 1 } };
  const error = await failure(DeviceClient.connect(credentialsAt(server.port), options));
  assert.deepEqual([error.code, /did not open in time/.test(error.message)], ['network', true]);
  await until('all are closed', () => server.open.size === 0);
  server.close();
});

test('close while the next socket is opening gives it up', async () => {
  const { connectionString, service } = await createDevice(hub.ready.http);
  const server = await silentServer();
  let place = '';
  class Elsewhere extends WebSocket {
    constructor(/** @type {string} */ url, /** @type {string} */ protocol) {
      super(place || url, protocol);
    }
  }
  const device = await DeviceClient.connect(connectionString, {
    WebSocket: /** @type {any} */ (Elsewhere),
    backoff: { base: 1 },
  });
  place = `ws://127.0.0.1:${server.port}`;
  await service.cut();
  await until('the TCP connection', () => server.open.size > 0);
  await within('close', device.close({ drain: 0 }));
  await until('it is closed', () => server.open.size === 0);
  server.close();
});

test('a server that grants permessage-deflate gets every message whole', async () => {
  const { connectionString, service } = await createDevice(hub.ready.http);
  const { port } = new URL(hub.ready.http);
  const relay = new ws.WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: true });
  await once(relay, 'listening');
  let granted = '';
  relay.on('connection', (/** @type {any} */ inner, /** @type {any} */ request) => {
    granted = inner.extensions;
    const outer = new WebSocket(`ws://127.0.0.1:${port}${request.url}`, 'mqtt', { perMessageDeflate: false });
    /** @type {Buffer[]} */
    const early = [];
    inner.on('message', (/** @type {Buffer} */ bytes) =>
      outer.readyState === 1 ? outer.send(bytes) : early.push(bytes),
    );
    outer.on('open', () => {
      for (const bytes of early.splice(0)) outer.send(bytes);
    });
    outer.on('message', (/** @type {Buffer} */ bytes) => inner.send(bytes));
    for (const [from, to] of [
      [inner, outer],
      [outer, inner],
    ])
      from.on('error', () => {}).on('close', () => to.terminate());
  });
  const through = connectionString.replace(`Port=${port}`, `Port=${relay.address().port}`);
  const device = await DeviceClient.connect(through, { WebSocket });
  assert.match(granted, /permessage-deflate/);
  const bodies = Array.from({ length: 100 }, (_, n) => `${n} `.repeat(1_000));
  /** @type {Promise<void>[]} */
  const sends = [];
  for (const body of bodies) {
    sends.push(device.send({ body }));
    await undefined;
  }
  await within('every PUBACK', Promise.all(sends));
  const events = await service.events('telemetry', (/** @type {any} */ { body }) => body === bodies.at(-1));
  assert.equal(device.metrics.reconnects, 0);
  assert.ok(events.length > 0);
  await device.close();
  relay.close();
});

test('a local hub that does not run is said once, at once, and in the error', async () => {
  const server = await silentServer();
  server.close();
  /** @type {string[]} */
  const warned = [];
  const { warn } = console;
  console.warn = (text) => void warned.push(text);
  const connecting = failure(
    DeviceClient.connect(credentialsAt(server.port), {
      WebSocket,
      connectTimeout: 500,
      backoff: { base: 1, cap: 1 },
    }),
  );
  await until('the warning', () => warned.length > 0);
  const { code, message } = await connecting;
  console.warn = warn;
  assert.equal(code, 'network');
  for (const text of [message, warned[0]]) {
    assert.match(text ?? '', new RegExp(`ws://127.0.0.1:${server.port} could not be opened .*ECONNREFUSED`));
    assert.match(text ?? '', /is the local hub running\?/);
  }
  assert.equal(warned.length, 1);
});

test('a refusal by the local hub names the page that says why', async () => {
  const { connectionString } = await createDevice(hub.ready.http);
  const wrong = connectionString.replace(/SharedAccessKey=[^;]+/, `SharedAccessKey=${KEY}`);
  const { code, message } = await failure(DeviceClient.connect(wrong, { WebSocket, backoff: { base: 1 } }));
  assert.equal(code, 'unauthorized');
  const [log = ''] = /http:\S+$/.exec(message) ?? [];
  const lines = await (await fetch(log)).text();
  assert.match(lines, /signature|key/i);
});
