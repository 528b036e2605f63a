/**
 * What the documents show is true: every JavaScript or TypeScript block that uses the package is
 * accepted by `tsc --strict`, and the first lines of the README do what they say.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { BrowserWorld } from '../browser-world.mjs';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const OUT = path.join(ROOT, 'target', 'docs-examples'); // inside the repository, so that packages are found
const BLOCK = /```(?:js|ts)\n([\s\S]*?)```/g;

test('every block that uses the package compiles strictly', { timeout: 300_000 }, async () => {
  fs.rmSync(OUT, { recursive: true, force: true });
  fs.mkdirSync(OUT, { recursive: true });
  const files = documents().flatMap((name) => examplesOf(name).map((code, at) => write(name, at, code)));
  assert.ok(files.length > 0, 'no example was found');
  const tsc = path.join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  const lib = ['--target', 'ES2023', '--lib', 'ES2023,DOM,DOM.Iterable,ESNext.Disposable', '--types', 'node'];
  const args = [
    tsc,
    '--ignoreConfig',
    '--strict',
    '--noEmit',
    '--skipLibCheck',
    '--module',
    'NodeNext',
    ...lib,
    ...files,
  ];
  const problem = await promisify(execFile)(process.execPath, args, { cwd: ROOT }).then(
    () => '',
    (error) => error.stdout || error.message,
  );
  assert.equal(problem, '');
});

test('the first lines of the README send a message', { timeout: 300_000 }, async () => {
  const world = await BrowserWorld.open();
  const events = await world.openEvents();
  try {
    const { deviceId, connectionString } = await world.createDevice();
    const { page, complaints } = await world.openPage();
    const code = examplesOf('README.md')[0]
      .replace("'iothub-wasm'", `'${world.server.entry}'`)
      .replace(/'HostName=[^']*'/, `'${connectionString}'`);
    await page.addScriptTag({ content: code, type: 'module' });
    const event = await events.next('telemetry', (e) => e.type === 'telemetry' && e.deviceId === deviceId);
    assert.deepEqual(JSON.parse(event.body), { temperature: 21.5 });
    assert.deepEqual(event.properties, { level: 'storage' });
    assert.deepEqual(complaints, []);
  } finally {
    await events.close();
    await world.close();
  }
});

/** @returns {string[]} documents that may hold examples */
function documents() {
  const docs = path.join(ROOT, 'docs');
  const below = fs.existsSync(docs) ? fs.readdirSync(docs, { recursive: true, encoding: 'utf8' }) : [];
  return [
    'README.md',
    'npm/README.md',
    ...below.filter((name) => name.endsWith('.md')).map((name) => path.join('docs', name)),
  ];
}

/** @param {string} name */
function examplesOf(name) {
  const text = fs.readFileSync(path.join(ROOT, name), 'utf8');
  return [...text.matchAll(BLOCK)]
    .map((match) => match[1])
    .filter((code) => code.includes("from 'iothub-wasm"));
}

/**
 * @param {string} name
 * @param {number} at
 * @param {string} code
 */
function write(name, at, code) {
  const file = path.join(OUT, `${name.replaceAll(/\W/g, '-')}-${at + 1}.mts`);
  fs.writeFileSync(file, code);
  return file;
}
