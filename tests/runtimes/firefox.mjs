/**
 * A headless Firefox that opens one address and talks to this machine only. Used by `runtimes.test.mjs`; the page
 * reports by itself, so that no driver is needed.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const STOP_MS = 5_000;

/** Everything but this machine goes to a proxy that is not there; no first-run pages, no updates. */
const PREFERENCES = {
  'network.proxy.type': 1,
  'network.proxy.http': '127.0.0.1',
  'network.proxy.http_port': 9,
  'network.proxy.ssl': '127.0.0.1',
  'network.proxy.ssl_port': 9,
  'network.proxy.no_proxies_on': '127.0.0.1, localhost',
  'browser.shell.checkDefaultBrowser': false,
  'browser.aboutwelcome.enabled': false,
  'app.update.enabled': false,
  'datareporting.policy.dataSubmissionEnabled': false,
  'toolkit.telemetry.enabled': false,
  'network.captive-portal-service.enabled': false,
  'network.connectivity-service.enabled': false,
};

/** @returns {string | undefined} the Firefox that the set-up found, or Debian's */
export function findFirefox() {
  const names = [process.env.FIREFOX ?? '', '/usr/bin/firefox', '/usr/bin/firefox-esr'];
  return names.find((name) => name !== '' && fs.existsSync(name));
}

/**
 * Opens an address; gives how to end the browser.
 * @param {string} binary @param {string} url
 */
export function openFirefox(binary, url) {
  const profile = fs.mkdtempSync(path.join(os.tmpdir(), 'iothub-wasm-firefox-'));
  const lines = Object.entries(PREFERENCES).map(
    ([name, value]) => `user_pref(${JSON.stringify(name)}, ${JSON.stringify(value)});`,
  );
  fs.writeFileSync(path.join(profile, 'user.js'), lines.join('\n'));
  const args = ['--headless', '--no-remote', '--profile', profile, url];
  const env = { ...process.env, HOME: profile, MOZ_CRASHREPORTER_DISABLE: '1' };
  const child = spawn(binary, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text) => {
    log += text;
  });
  child.stdout.resume();
  const ended = once(child, 'exit');
  const close = async () => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    await ended;
    clearTimeout(timer);
    fs.rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  return { close, log: () => log };
}
