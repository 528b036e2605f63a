/**
 * Runs the tests with the official SDKs. They dial ports 443 and 8883 of `localhost` and must trust
 * the hub's CA, which Node reads only at its start: so this starts the hub with `--tls`, then the
 * tests as a child with the CA. Root may bind the ports; others get a network of their own (`unshare`).
 */
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { startHub } from '../hub-process.mjs';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const SELF = fileURLToPath(import.meta.url);
const TESTS = fs.readdirSync(HERE).filter((name) => name.endsWith('.test.mjs'));
const TESTS_MS = 15 * 60_000;
const IN_NAMESPACE = 'IOTHUB_IN_NAMESPACE';

/** Brings up loopback in the new network, then runs this file again there. */
const INSIDE = 'ip link set lo up && exec "$0" "$@"';

if (process.getuid?.() === 0 || process.env[IN_NAMESPACE]) {
  process.exitCode = await withHub();
} else {
  process.exitCode =
    inNamespace() ?? (await runTests({ IOTHUB_SKIP: 'ports 443 and 8883 need root or unshare' }));
}

/** @returns {number | null} the exit code, or null when this machine allows no user namespace */
function inNamespace() {
  if (spawnSync('unshare', ['-rn', 'sh', '-c', 'ip link set lo up']).status !== 0) return null;
  const env = { ...process.env, [IN_NAMESPACE]: '1' };
  const args = ['-rn', 'sh', '-c', INSIDE, process.execPath, SELF];
  return spawnSync('unshare', args, { stdio: 'inherit', env }).status ?? 1;
}

async function withHub() {
  const certificates = fs.mkdtempSync(path.join(os.tmpdir(), 'iothub-ca-'));
  const hub = await startHub({ args: ['--tls', '--cert-dir', certificates] });
  try {
    if (!hub.ready.caFile)
      throw new Error(`the hub was started with --tls and names no CA file; its log:\n${hub.log}`);
    const env = { NODE_EXTRA_CA_CERTS: hub.ready.caFile, IOTHUB_READY: JSON.stringify(hub.ready) };
    const code = await runTests(env);
    if (code !== 0) console.log(`the hub's log:\n${hub.log}`);
    return code;
  } finally {
    await hub.stop();
    fs.rmSync(certificates, { recursive: true });
  }
}

/**
 * @param {Record<string, string>} env
 * @returns {Promise<number>}
 */
function runTests(env) {
  const files = TESTS.map((name) => path.join(HERE, name));
  const args = ['--test', '--test-concurrency=1', '--test-reporter=spec', ...files];
  const child = spawn(process.execPath, args, { stdio: 'inherit', env: { ...process.env, ...env } });
  const timer = setTimeout(() => child.kill('SIGTERM'), TESTS_MS);
  return new Promise((resolve) => {
    child.on('exit', (code) => {
      clearTimeout(timer);
      resolve(code ?? 1);
    });
  });
}
