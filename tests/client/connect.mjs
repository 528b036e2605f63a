/** Connecting: every form of credentials, what CONNECT says, and what is refused before a socket is opened. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Service } from './service.mjs';
import { clientTest, openWorld, readConnect } from './world.mjs';

clientTest(
  'a connection string is all it takes',
  async ({ page, credentials, connects, deviceId, events }) => {
    const seen = await page.evaluate(async (credentials) => {
      const { WebSocket, seen } = kit.countingSocket();
      const device = await kit.connect(credentials, { WebSocket });
      const { state, reason } = device;
      await device.close();
      return { ...seen, state, reason };
    }, credentials);
    assert.deepEqual([seen.state, seen.reason], ['connected', 'connected']);
    assert.deepEqual(seen.protocols, ['mqtt']);
    assert.match(
      seen.urls[0] ?? '',
      /^ws:\/\/localhost:\d+\/\$iothub\/websocket\?iothub-no-client-cert=true$/,
    );
    const connect = readConnect(connects[0]);
    assert.deepEqual(
      [connect.level, connect.clientId, connect.cleanSession, connect.keepAlive, connect.will],
      [4, deviceId, false, 240, undefined],
    );
    assert.match(
      connect.userName,
      /^localhost\/[^/]+\/\?api-version=2021-04-12&DeviceClientType=iothub-wasm%2F/,
    );
    await events.next('connection', (e) => e.type === 'connection' && e.deviceId === deviceId);
  },
);

clientTest('a key, a ready token, or a token provider', async ({ page, address, key, service }) => {
  const sas = await service.token(600);
  const states = await page.evaluate(
    async ({ address, key, sas }) => {
      const states = [];
      for (const proof of [{ key }, { sas }, { token: () => sas }, { token: async () => sas }]) {
        const device = await kit.connect({ ...address, ...proof });
        states.push(device.state);
        await device.close();
      }
      return states;
    },
    { address, key, sas },
  );
  assert.deepEqual(states, ['connected', 'connected', 'connected', 'connected']);
});

clientTest(
  'a token provider is told for what and until when',
  async ({ page, address, service, deviceId }) => {
    const sas = await service.token(600);
    const asked = await page.evaluate(
      async ({ address, sas }) => {
        /** @type {any} */
        let asked;
        const token = (/** @type {any} */ request) => {
          const { audience, expiresAt, signal } = request;
          asked = { audience, left: expiresAt - Date.now() / 1000, aborted: signal.aborted };
          return sas;
        };
        const device = await kit.connect({ ...address, token }, { tokenLifeSeconds: 1800 });
        await device.close();
        return asked;
      },
      { address, sas },
    );
    assert.equal(asked.audience, `localhost/devices/${deviceId}`);
    assert.ok(asked.left > 1790 && asked.left <= 1801, `${asked.left} s`);
    assert.equal(asked.aborted, false);
  },
);

clientTest('a module is a device of its own', async ({ page, http, deviceId, address, events }) => {
  const module = new Service(http, deviceId, 'mod_A');
  const made = await module.expect('PUT', module.path, {});
  const key = /SharedAccessKey=([^;]+)/.exec(made.connectionString)?.[1];
  await page.evaluate(
    async (credentials) => {
      const device = await kit.connect(credentials);
      await device.send({ body: 'from the module', messageId: 'module', output: 'out1' });
      await device.updateReported({ from: 'module' });
      await device.close();
    },
    { ...address, moduleId: 'mod_A', key },
  );
  const event = await events.next('telemetry', (e) => e.type === 'telemetry' && e.deviceId === deviceId);
  assert.equal(event.moduleId, 'mod_A');
  assert.equal(event.systemProperties['iothub-outputname'], 'out1');
  assert.equal((await module.twin()).properties.reported.from, 'module');
});

clientTest(
  'model, product, session and keep-alive are announced',
  async ({ page, credentials, connects }) => {
    await page.evaluate(async (credentials) => {
      const device = await kit.connect(credentials, {
        modelId: 'dtmi:com:example:Thermostat;1',
        productInfo: 'my page/2 (é)',
        cleanSession: true,
        keepAliveSeconds: 60,
      });
      await device.close();
    }, credentials);
    const connect = readConnect(connects[0]);
    assert.match(connect.userName, /[?&]model-id=dtmi%3Acom%3Aexample%3AThermostat%3B1(&|$)/);
    assert.match(connect.userName, /DeviceClientType=iothub-wasm%2F[^&]*%20my%20page%2F2%20\(%C3%A9\)$/);
    assert.deepEqual([connect.cleanSession, connect.keepAlive], [true, 60]);
  },
);

clientTest('a gateway is dialled in the hub’s name', async ({ page, address, key, connects }) => {
  const url = await page.evaluate(
    async (credentials) => {
      const { WebSocket, seen } = kit.countingSocket();
      const device = await kit.connect(credentials, { WebSocket });
      await device.close();
      return seen.urls[0];
    },
    { ...address, key, gatewayHost: '127.0.0.1' },
  );
  assert.match(url ?? '', /^ws:\/\/127\.0\.0\.1:/);
  assert.match(readConnect(connects[0]).userName, /^localhost\//);
});

clientTest(
  'a connection string is read without its key',
  async ({ page, credentials, deviceId, address, key }) => {
    const parts = await page.evaluate(
      (credentials) => iothub.DeviceClient.parseConnectionString(credentials),
      credentials,
    );
    assert.deepEqual(
      { ...parts, url: undefined },
      {
        host: 'localhost',
        deviceId,
        moduleId: undefined,
        gatewayHost: undefined,
        useLocalHub: true,
        port: address.port,
        credential: 'key',
        url: undefined,
      },
    );
    assert.ok(!JSON.stringify(parts).includes(key));
  },
);

const KEY = Buffer.alloc(32, 7).toString('base64');

/** Credentials or options, the code they fail with, and a word of the message. @type {[string, any, any, string, RegExp][]} */
const REFUSED = [
  ['nothing', '', {}, 'connection-string', /empty/],
  ['a list without names', 'HostName', {}, 'connection-string', /no "="/],
  [
    'a string without a key',
    'HostName=h.azure-devices.net;DeviceId=d',
    {},
    'connection-string',
    /SharedAccessKey/,
  ],
  [
    'a hub’s string',
    `HostName=h.azure-devices.net;SharedAccessKeyName=iothubowner;SharedAccessKey=${KEY}`,
    {},
    'hub-connection-string',
    /iothubowner/,
  ],
  [
    'a broken key',
    'HostName=h.azure-devices.net;DeviceId=d;SharedAccessKey=abc!',
    {},
    'key-format',
    /base64/,
  ],
  [
    'a slash in an id',
    `HostName=h.azure-devices.net;DeviceId=a/b;SharedAccessKey=${KEY}`,
    {},
    'identity',
    /'\/'/,
  ],
  [
    'a host without domain',
    `HostName=myhub;DeviceId=d;SharedAccessKey=${KEY}`,
    {},
    'host-name',
    /myhub\.azure/,
  ],
  [
    'plain ws to the world',
    `HostName=h.azure-devices.net;DeviceId=d;SharedAccessKey=${KEY};UseLocalHub=true`,
    {},
    'local-hub-only',
    /this machine/,
  ],
  ['a certificate', 'HostName=h.azure-devices.net;DeviceId=d;x509=true', {}, 'client-certificate', /x509/],
  ['no proof', { host: 'h.azure-devices.net', deviceId: 'd' }, {}, 'argument', /"token"/],
  [
    'two proofs',
    { host: 'h.azure-devices.net', deviceId: 'd', key: KEY, sas: 'x' },
    {},
    'argument',
    /more than one/,
  ],
  [
    'a token that is text',
    { host: 'h.azure-devices.net', deviceId: 'd', token: 'x' },
    {},
    'argument',
    /function/,
  ],
  [
    'a misspelt credential',
    { host: 'h.x', deviceId: 'd', key: KEY, deviceID: 'd' },
    {},
    'argument',
    /"deviceID"/,
  ],
  [
    'a misspelt option',
    { host: 'h.x', deviceId: 'd', key: KEY },
    { keepAlive: 5 },
    'argument',
    /"keepAlive"/,
  ],
  [
    'a number out of range',
    { host: 'h.x', deviceId: 'd', key: KEY },
    { keepAliveSeconds: 1178 },
    'argument',
    /1177/,
  ],
  [
    'a wrong word',
    { host: 'h.x', deviceId: 'd', key: KEY },
    { outbox: { whenFull: 'drop' } },
    'argument',
    /whenFull/,
  ],
  [
    'a will with QoS 2',
    { host: 'h.x', deviceId: 'd', key: KEY },
    { will: { body: 'x', qos: 2 } },
    'quality-of-service',
    /QoS 2/,
  ],
];

test('bad credentials and options are named, and no socket is opened', { timeout: 300_000 }, async () => {
  const { page, context } = await (await openWorld()).openPage();
  const outcomes = await page.evaluate(async (cases) => {
    let sockets = 0;
    class Never extends WebSocket {
      /** @param {string} url @param {string} protocols */
      constructor(url, protocols) {
        sockets += 1;
        super(url, protocols);
      }
    }
    const outcomes = [];
    for (const [, credentials, options] of cases) {
      const attempt = iothub.DeviceClient.connect(credentials, { ...options, WebSocket: Never });
      outcomes.push(
        await attempt.then(
          () => ({ name: 'resolved', code: '', message: '', retryable: true }),
          ({ name, code, message, retryable }) => ({ name, code, message, retryable }),
        ),
      );
    }
    return { outcomes, sockets };
  }, REFUSED);
  for (const [index, [what, , , code, message]] of REFUSED.entries()) {
    const outcome = outcomes.outcomes[index];
    assert.deepEqual([outcome?.name, outcome?.code, outcome?.retryable], ['IotHubError', code, false], what);
    assert.match(outcome?.message ?? '', message, what);
    assert.ok(!outcome?.message.includes(KEY), `${what}: the key is in the message`);
  }
  assert.equal(outcomes.sockets, 0);
  await context.close();
});
