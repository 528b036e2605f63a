/**
 * The last theme: everything that was seen while the others ran (console, errors, status, packets, requests, stores,
 * the hub's events and its log) is searched for every key and every token's signature that was used.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openWorld, seen } from './world.mjs';

test('no key and no signature is to be seen anywhere', { timeout: 300_000 }, async () => {
  const { hub } = await openWorld();
  const strings = [hub.ready.serviceConnectionString, ...hub.ready.devices.map((d) => d.connectionString)];
  for (const text of strings) seen.secrets.add(/SharedAccessKey=([^;]+)/.exec(text)?.[1] ?? '');
  const secrets = [...seen.secrets].flatMap((secret) => [secret, encodeURIComponent(secret)]);
  const everything = [...seen.texts, hub.log].join('\n');
  // The search is worth something only if there is something to find it in.
  for (const known of [
    'status reconnecting',
    'error IotHubError',
    'sig=[redacted]',
    'websocket ws://',
    '"type":"connection"',
  ])
    assert.ok(everything.includes(known), `nothing like ${known} was recorded`);
  assert.ok(hub.log.length > 1000, 'the hub logged next to nothing');
  assert.ok(secrets.length > 100, `${secrets.length} secrets`);
  for (const secret of secrets) {
    assert.ok(secret.length > 20, 'a secret is too short to be one');
    const at = everything.indexOf(secret);
    const around = everything.slice(Math.max(0, at - 120), at);
    assert.equal(at, -1, `a secret was seen after: ${around}`);
  }
});
