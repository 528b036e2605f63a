#!/usr/bin/env node
/**
 * Packs `iothub-local` for npx: the release binary of this machine (and any that were laid into `--bin DIR` as
 * `{platform}-{arch}/iothub-local`) beside the starter and the built dashboard. Leaves the tarball in `--out DIR`,
 * by default `target/npx`.
 *   node hub/npx/pack.mjs [--bin DIR] [--out DIR]
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, '../..');
const { values } = parseArgs({ options: { bin: { type: 'string' }, out: { type: 'string' } } });
const suffix = process.platform === 'win32' ? '.exe' : '';
const built = path.join(
  process.env.CARGO_TARGET_DIR ?? path.join(root, 'target'),
  'release',
  `iothub-local${suffix}`,
);
const out = path.resolve(values.out ?? path.join(root, 'target', 'npx'));
const staging = path.join(out, 'package');

fs.rmSync(staging, { recursive: true, force: true });
const own = path.join(staging, 'bin', `${process.platform}-${process.arch}`);
fs.mkdirSync(own, { recursive: true });
if (values.bin !== undefined)
  fs.cpSync(path.resolve(values.bin), path.join(staging, 'bin'), { recursive: true });
else if (fs.existsSync(built)) fs.copyFileSync(built, path.join(own, `iothub-local${suffix}`));
else {
  console.error(`there is no ${built}: run \`npm run build -- hub\` first, or name binaries with --bin DIR`);
  process.exit(1);
}
const dashboard = path.join(root, 'www', 'dist');
if (!fs.existsSync(path.join(dashboard, 'index.html'))) {
  console.error(`there is no dashboard in ${dashboard}: run \`npm run build -- dashboard\` first`);
  process.exit(1);
}
fs.cpSync(dashboard, path.join(staging, 'www'), { recursive: true });
for (const name of ['package.json', 'iothub-local.js', 'README.md'])
  fs.copyFileSync(path.join(here, name), path.join(staging, name));
for (const name of ['LICENSE-MIT', 'LICENSE-APACHE'])
  fs.copyFileSync(path.join(root, name), path.join(staging, name));
const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
const tarball = execFileSync(npm, ['pack', '--pack-destination', out, '--silent'], {
  cwd: staging,
  encoding: 'utf8',
});
console.log(path.join(out, tarball.trim()));
