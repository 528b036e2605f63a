/** `npx iothub-local` from its tarball: the binary, the dashboard beside it, and an orderly end. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { defaultBinary, startHub } from '../hub-process.mjs';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const DEADLINE_MS = 300_000;

/** @type {string} */
let folder;
before(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'iothub-wasm-npx-'));
  const bin = path.join(folder, 'bin', `${process.platform}-${process.arch}`);
  fs.mkdirSync(bin, { recursive: true });
  fs.copyFileSync(defaultBinary(), path.join(bin, 'iothub-local'));
  const pack = ['hub/npx/pack.mjs', '--bin', path.join(folder, 'bin'), '--out', path.join(folder, 'out')];
  const { stdout } = await run('node', pack, { cwd: ROOT, timeout: DEADLINE_MS });
  const user = path.join(folder, 'user');
  fs.mkdirSync(user);
  fs.writeFileSync(path.join(user, 'package.json'), '{ "private": true }');
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', stdout.trim()], {
    cwd: user,
    timeout: DEADLINE_MS,
  });
});
after(() => fs.rmSync(folder, { recursive: true, force: true }));

test('npx finds it and passes the arguments on', async () => {
  const { stdout } = await run('npx', ['--no-install', 'iothub-local', '--version'], {
    cwd: path.join(folder, 'user'),
    timeout: DEADLINE_MS,
  });
  assert.match(stdout, /^iothub-local \d+\.\d+\.\d+\s*$/);
});

test('it serves the dashboard that came along, and ends when it is told to', async () => {
  const hub = await startHub({ binary: path.join(folder, 'user/node_modules/.bin/iothub-local') });
  try {
    const page = await (await fetch(hub.ready.http)).text();
    assert.match(page, /<title>IoT Hub/);
    const script = /src="([^"]+\.js)"/.exec(page)?.[1] ?? '';
    assert.equal((await fetch(new URL(script, `${hub.ready.http}/`))).status, 200);
  } finally {
    await hub.stop();
  }
  await assert.rejects(fetch(hub.ready.http), 'the binary outlived its starter');
});

test('a machine that it carries no binary for is told the cure', async () => {
  const starter = path.join(folder, 'user/node_modules/iothub-local/iothub-local.js');
  const bare = path.join(folder, 'bare');
  fs.mkdirSync(bare);
  fs.copyFileSync(starter, path.join(bare, 'iothub-local.mjs'));
  await assert.rejects(run('node', [path.join(bare, 'iothub-local.mjs')], { timeout: DEADLINE_MS }), {
    code: 1,
    stderr: /carries no binary for .*cargo install --path hub\/server/,
  });
});
