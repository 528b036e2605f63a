/** What is in the tarball: everything that an entry needs, and nothing else. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { installPacked } from '../packed.mjs';

const run = promisify(execFile);

/** Scripts at the top, the hub's below `hub/`, generated ones below `wasm/`; types beside what they type. */
const ALLOWED = [
  /^(hub\/)?[a-z-]+\.js$/,
  /^[a-z-]+\.d\.ts$/,
  /^hub\/index\.d\.ts$/,
  /^wasm\/iothub_wasm(_packed)?\.js$/,
  /^hub\/wasm\/iothub_hub_wasm(_packed)?\.js$/,
  /^wasm\/iothub_wasm_bg\.wasm$/,
  /^hub\/wasm\/iothub_hub_wasm_bg\.wasm$/,
  /^(package\.json|README\.md|LICENSE-MIT|LICENSE-APACHE|sbom\.cdx\.json)$/,
];

/** @type {import('../packed.mjs').Project} */
let project;
before(async () => {
  project = await installPacked();
});
after(() => project?.remove());

/** @returns {any} */
function manifest() {
  const file = path.join(project.folder, 'node_modules/iothub-wasm/package.json');
  return JSON.parse(fs.readFileSync(file, 'utf8'));
}

/** Every file that `exports` names. @param {any} value @returns {string[]} */
function targets(value) {
  return typeof value === 'string' ? [value] : Object.values(value).flatMap(targets);
}

test('the tarball holds only what is meant to be in it', () => {
  const foreign = project.files.filter((file) => !ALLOWED.some((allowed) => allowed.test(file)));
  assert.deepEqual(foreign, []);
});

test('every file that exports names is there', () => {
  const wanted = [...new Set(targets(manifest().exports))].map((file) => file.replace('./', ''));
  assert.ok(wanted.length > 10);
  assert.deepEqual(
    wanted.filter((file) => !project.files.includes(file)),
    [],
  );
});

test('types come first, and the last condition catches all', () => {
  for (const [name, conditions] of Object.entries(manifest().exports)) {
    if (typeof conditions === 'string') continue;
    const names = Object.keys(conditions);
    assert.equal(names[0], 'types', name);
    assert.equal(names.at(-1), 'default', name);
  }
  assert.deepEqual(Object.keys(manifest().exports['.']).slice(1, 5), ['workerd', 'deno', 'bun', 'node']);
});

test('it depends on nothing and runs nothing when installed', () => {
  const { dependencies, peerDependencies, optionalDependencies, scripts, license } = manifest();
  assert.deepEqual([dependencies, peerDependencies, optionalDependencies, scripts], Array(4).fill(undefined));
  assert.equal(license, 'MIT OR Apache-2.0');
  assert.equal(manifest().publishConfig.provenance, true);
});

test('its bill of materials names what is in the wasm', () => {
  const file = path.join(project.folder, 'node_modules/iothub-wasm/sbom.cdx.json');
  const { metadata, components } = JSON.parse(fs.readFileSync(file, 'utf8'));
  assert.equal(metadata.component.version, manifest().version);
  const names = components.map((/** @type {any} */ part) => part.name);
  for (const name of ['iothub-device', 'iothub-hub', 'sha2', 'wasm-bindgen'])
    assert.ok(names.includes(name), name);
  for (const { name, licenses, hashes } of components) {
    assert.match(licenses[0].expression, /MIT|Apache-2\.0|Unlicense|Zlib|BSD/, name);
    assert.ok(name.startsWith('iothub-') || hashes[0].content.length === 64, name);
  }
});

test('every entry for Node is imported from the installed package', async () => {
  const program = `
    const names = ['', '/inline', '/hub', '/hub/inline', '/errors'];
    const loaded = await Promise.all(names.map((name) => import('iothub-wasm' + name)));
    console.log(JSON.stringify(loaded.map((module) => Object.keys(module))));`;
  const args = ['--input-type=module', '--eval', program];
  const { stdout } = await run(process.execPath, args, { cwd: project.folder, timeout: 300_000 });
  const device = ['DeviceClient', 'IotHubError'];
  const hub = ['HubError', 'LocalHub'];
  assert.deepEqual(JSON.parse(stdout).slice(0, 4), [device, device, hub, hub]);
  assert.ok(JSON.parse(stdout)[4].includes('IotHubError'));
});
