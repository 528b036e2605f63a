/** The packet hook and the figures: what an inspector and a gauge are made of. */
import assert from 'node:assert/strict';
import { clientTest } from './world.mjs';

clientTest('packets are shown both ways, taken apart, with the signature cut out', async (ground) => {
  const { page, credentials, service, connects, deviceId } = ground;
  await page.evaluate(async (credentials) => {
    const device = await kit.connect(credentials, { backoff: { base: 10 } });
    /** @type {any[]} */
    const packets = [];
    device.addEventListener('packet', ({ outgoing, bytes, packet }) => {
      const text = new TextDecoder('latin1').decode(bytes);
      kit.record.push(`packet ${text} ${JSON.stringify(packet)}`);
      packets.push({
        outgoing,
        ...packet,
        payload: packet?.payload && new TextDecoder().decode(/** @type {any} */ (packet.payload)),
      });
    });
    device.addEventListener('message', () => {});
    await device.send({ body: 'shown', properties: { a: 'b' } });
    Object.assign(globalThis, { device, packets, again: kit.reason(device, 'reconnected') });
  }, credentials);
  await service.cut();
  const packets = await page.evaluate(async () => {
    const { device, packets, again } = /** @type {any} */ (globalThis);
    await again;
    await device.close();
    return packets;
  });
  const shown = (/** @type {string} */ type, outgoing = true) =>
    packets.find((/** @type {any} */ p) => p.type === type && p.outgoing === outgoing);
  const { topic, qos, dup, payload, packetId } = shown('PUBLISH');
  assert.deepEqual(
    [topic, qos, dup, payload],
    [`devices/${deviceId}/messages/events/a=b`, 1, false, 'shown'],
  );
  assert.equal(shown('PUBACK', false).packetId, packetId);
  assert.deepEqual(shown('SUBSCRIBE').filters, [`devices/${deviceId}/messages/devicebound/#`]);
  assert.ok(shown('SUBACK', false) && shown('DISCONNECT'));
  const connect = shown('CONNECT');
  assert.match(
    connect.password,
    /^SharedAccessSignature sr=localhost\/devices\/[^&]+&sig=\[redacted\]&se=\d+$/,
  );
  assert.match(connects.at(-1)?.toString('latin1') ?? '', /sig=[^[]/, 'the real one has its signature');
  assert.equal(shown('CONNACK', false).returnCode, 0);
});

clientTest(
  'a listener that is added before the connection sees its first packet',
  async ({ page, credentials }) => {
    const first = await page.evaluate(async (credentials) => {
      /** @type {any[]} */
      const types = [];
      const device = await kit.connect(credentials, {
        prepare: (/** @type {any} */ early) =>
          early.addEventListener('packet', (/** @type {any} */ { packet }) => types.push(packet?.type)),
      });
      await device.close();
      return types.slice(0, 2);
    }, credentials);
    assert.deepEqual(first, ['CONNECT', 'CONNACK']);
  },
);

clientTest('metrics count what was sent, acknowledged and sent again', async (ground) => {
  const { page, credentials, service, events } = ground;
  await page.evaluate(async (credentials) => {
    const device = await kit.connect(credentials, { backoff: { base: 10 } });
    await device.send({ body: 'first' });
    Object.assign(globalThis, { device, first: device.metrics });
  }, credentials);
  const first = await page.evaluate(() => /** @type {any} */ (globalThis).first);
  const { roundTripMs, ...counts } = first;
  assert.deepEqual(counts, { queued: 0, inFlight: 0, sent: 1, acked: 1, resent: 0, reconnects: 0 });
  assert.ok(roundTripMs >= 0 && roundTripMs < 5000);
  await service.fault({ kind: 'drop-puback', count: 3 });
  const work = page.evaluate(async () => {
    const { device } = /** @type {any} */ (globalThis);
    const again = kit.reason(device, 'reconnected');
    await Promise.all([1, 2, 3].map((n) => device.send({ body: 'again', messageId: `again-${n}` })));
    await again;
    return device.metrics;
  });
  await events.next('the third', (e) => e.systemProperties?.['message-id'] === 'again-3');
  await service.cut();
  const { resent, reconnects, acked, inFlight } = await work;
  assert.deepEqual(
    { resent, reconnects, acked, inFlight },
    { resent: 3, reconnects: 1, acked: 4, inFlight: 0 },
  );
  const isLast = (/** @type {any} */ e) =>
    e.systemProperties?.['message-id'] === 'again-3' && e.properties?.['mqtt-dup'] === 'true';
  await events.next('the third once more', isLast);
  const dups = events.seen.filter((e) => e.properties?.['mqtt-dup'] === 'true');
  assert.equal(dups.length, 3, 'what was on the wire is sent again with DUP');
});
