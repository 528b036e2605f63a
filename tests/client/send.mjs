/** Telemetry: bodies, properties, quality of service, the will, and what is refused before anything is sent. */
import assert from 'node:assert/strict';
import { clientTest, readConnect } from './world.mjs';

clientTest('text, bytes, buffers and JSON arrive as they were', async ({ page, credentials, telemetry }) => {
  await page.evaluate(async (credentials) => {
    const device = await kit.connect(credentials);
    const bytes = new Uint8Array([9, 0, 255, 128, 9]);
    await device.send({ body: 'text ä€😀', messageId: 'text' });
    await device.send({ body: bytes.subarray(1, 4), messageId: 'bytes' });
    await device.send({ body: bytes.slice(1, 4).buffer, messageId: 'buffer' });
    await device.send({ body: new DataView(bytes.buffer, 1, 3), messageId: 'view' });
    await device.send({ body: { a: [1, null, 'ä'], gone: undefined }, messageId: 'json' });
    await device.send({ body: 21.5, messageId: 'number' });
    await device.send({ body: '', messageId: 'empty' });
    await device.send({ body: { typed: true }, contentType: 'application/vnd.x+json', messageId: 'typed' });
  }, credentials);
  const base64 = Buffer.from([0, 255, 128]).toString('base64');
  assert.equal((await telemetry('text')).body, 'text ä€😀');
  for (const id of ['bytes', 'buffer', 'view']) assert.equal((await telemetry(id)).bodyBase64, base64, id);
  const json = await telemetry('json');
  assert.equal(json.body, '{"a":[1,null,"ä"]}');
  assert.equal(json.systemProperties['content-type'], 'application/json');
  assert.equal(json.systemProperties['content-encoding'], 'utf-8');
  assert.equal((await telemetry('number')).body, '21.5');
  assert.equal((await telemetry('empty')).body, '');
  assert.equal((await telemetry('text')).systemProperties['content-type'], undefined);
  assert.equal((await telemetry('typed')).systemProperties['content-type'], 'application/vnd.x+json');
});

clientTest('every system property arrives under its own name', async ({ page, credentials, telemetry }) => {
  await page.evaluate(async (credentials) => {
    const device = await kit.connect(credentials);
    await device.send({
      body: 'x',
      messageId: 'all',
      correlationId: 'c+1/#?',
      userId: 'ü ser',
      contentType: 'text/plain; charset=utf-8',
      contentEncoding: 'utf-8',
      creationTime: new Date('2024-01-02T03:04:05.678Z'),
      component: 'thermostat1',
      output: 'out1',
      schema: 'v1',
      securityMessage: true,
      properties: { plain: 'v', 'sp ace/+#&=%': 'ä&b=c', empty: '', "q!'()*~": 'x', __proto__x: 'y' },
    });
  }, credentials);
  const { systemProperties: system, properties, qos } = await telemetry('all');
  const expected = {
    'correlation-id': 'c+1/#?',
    'user-id': 'ü ser',
    'content-type': 'text/plain; charset=utf-8',
    'content-encoding': 'utf-8',
    'iothub-creation-time-utc': '2024-01-02T03:04:05.678Z',
    'dt-subject': 'thermostat1',
    'iothub-outputname': 'out1',
    'iothub-message-schema': 'v1',
    'iothub-interface-id': 'urn:azureiot:Security:SecurityAgent:1',
  };
  for (const [name, value] of Object.entries(expected)) assert.equal(system[name], value, name);
  assert.deepEqual(properties, {
    plain: 'v',
    'sp ace/+#&=%': 'ä&b=c',
    empty: '',
    "q!'()*~": 'x',
    __proto__x: 'y',
  });
  assert.equal(qos, 1);
});

clientTest('QoS 0 resolves when it leaves, QoS 1 with the PUBACK', async (ground) => {
  const { page, credentials, telemetry, service } = ground;
  await page.evaluate(async (credentials) => {
    const device = await kit.connect(credentials);
    Object.assign(globalThis, { device });
  }, credentials);
  await service.fault({ kind: 'drop-puback', count: 1 });
  const seen = await page.evaluate(async () => {
    const device = /** @type {any} */ (globalThis).device;
    let acked = false;
    const first = device.send({ body: '1', messageId: 'qos-1' }).then(() => {
      acked = true;
    });
    await kit.within('QoS 0', device.send({ body: '0', messageId: 'qos-0' }, { qos: 0 }));
    const waiting = { settled: acked, inFlight: device.metrics.inFlight };
    Object.assign(globalThis, { first });
    return waiting;
  });
  assert.deepEqual([seen.settled, seen.inFlight], [false, 1], 'the PUBACK was swallowed');
  assert.equal((await telemetry('qos-0')).qos, 0);
  await service.cut();
  await page.evaluate(() => kit.within('PUBACK on the next link', /** @type {any} */ (globalThis).first));
});

clientTest('the will is sent when the link dies, and not after close', async (ground) => {
  const { page, credentials, service, events, deviceId, connects } = ground;
  const isWill = (/** @type {any} */ e) => e.type === 'telemetry' && e.body === 'gone {"é"}';
  await page.evaluate(async (credentials) => {
    const will = { body: 'gone {"é"}', contentType: 'text/x', properties: { why: 'a/b' }, qos: 1 };
    const device = await kit.connect(credentials, { will: /** @type {any} */ (will), backoff: { base: 10 } });
    Object.assign(globalThis, { device, again: kit.reason(device, 'reconnected') });
  }, credentials);
  const { will } = readConnect(connects[0]);
  assert.equal(will?.topic, `devices/${deviceId}/messages/events/%24.ct=text%2Fx&why=a%2Fb`);
  await service.cut();
  const event = await events.next('will', isWill);
  assert.equal(event.properties['iothub-MessageType'], 'Will');
  assert.equal(event.properties.why, 'a/b');
  assert.equal(event.systemProperties['content-type'], 'text/x');
  await page.evaluate(async () => {
    const { device, again } = /** @type {any} */ (globalThis);
    await again;
    await device.close();
  });
  await events.next('goodbye', (e) => e.deviceId === deviceId && e.reason === 'client-disconnected');
  assert.equal(events.seen.filter(isWill).length, 1);
});

/** The message, the options, the code, and a word of what is said. @type {[string, string, string, RegExp][]} */
const REFUSED = [
  ['{ body: new Uint8Array(256 * 1024 + 1) }', '{}', 'message-too-large', /262144/],
  [
    '{ body: new Uint8Array(256 * 1024 - 3), properties: { ab: "cd" } }',
    '{}',
    'message-too-large',
    /262145 bytes with its properties/,
  ],
  ['{ body: "x", properties: { long: "ä".repeat(11000) } }', '{}', 'topic-too-long', /65535/],
  ['{ body: "x" }', '{ qos: 2 }', 'quality-of-service', /QoS 2/],
  ['{ body: "x" }', '{ qos: 3 }', 'quality-of-service', /qos is 3/],
  ['{ body: "x", properties: { "": "v" } }', '{}', 'property-name', /empty name/],
  ['{ body: "x", properties: { "$.mid": "v" } }', '{}', 'property-name', /messageId/],
  ['{ body: "x", properties: { a: "b\\0c" } }', '{}', 'property-name', /U\+0000/],
  ['{ body: "x", properties: { n: 1 } }', '{}', 'argument', /String\(value\)/],
  ['{ body: "x", messageId: 7 }', '{}', 'argument', /"messageId"/],
  ['{ body: "x", messageId: "m".repeat(129) }', '{}', 'argument', /128/],
  ['{ body: () => 1 }', '{}', 'argument', /JSON has no form/],
  ['{ body: 10n }', '{}', 'argument', /JSON/],
  ['{}', '{}', 'argument', /"body"/],
  ['"just text"', '{}', 'argument', /"body"/],
];

clientTest('what the hub would answer with a dropped link is refused here', async (ground) => {
  const { page, credentials, telemetry, events, deviceId } = ground;
  const failures = await page.evaluate(
    async ({ credentials, calls }) => {
      const device = await kit.connect(credentials);
      const failures = [];
      for (const [message, options] of calls) {
        const [body, more] = new Function(`return [${message}, ${options}]`)();
        failures.push(await kit.failure(device.send(body, more)));
      }
      // The largest that is allowed goes through.
      await device.send({
        body: new Uint8Array(256 * 1024 - 4 - 4),
        messageId: 'last',
        properties: { ab: 'cd' },
      });
      return failures;
    },
    { credentials, calls: REFUSED },
  );
  for (const [index, [message, options, code, said]] of REFUSED.entries()) {
    const failure = failures[index];
    assert.deepEqual([failure?.code, failure?.retryable], [code, false], `${message} ${options}`);
    assert.match(failure?.message ?? '', said);
  }
  await telemetry('last');
  const mine = events.seen.filter((e) => e.deviceId === deviceId);
  assert.deepEqual(
    mine.map((e) => e.type === 'connection' && e.state).filter(Boolean),
    ['connected'],
    'the link never broke',
  );
  assert.equal(mine.filter((e) => e.type === 'telemetry').length, 1, 'nothing of it was sent');
});
