/**
 * The package's bill of materials, CycloneDX: the npm package depends on nothing, so these are the crates inside its
 * wasm, with licence and the checksum of `Cargo.lock`. No time and no random number: two builds give the same bytes.
 * Called by `wasm-package.mjs`.
 */
import fs from 'node:fs';
import path from 'node:path';
import { Failure } from './failure.mjs';
import { packageDir, root, wasmTarget } from './paths.mjs';
import { run } from './run.mjs';

const LOCKED =
  /\[\[package\]\]\nname = "([^"]+)"\nversion = "([^"]+)"\n(?:source = "[^"]+"\n)?checksum = "([^"]+)"/g;

/**
 * Writes `pkg/sbom.cdx.json`.
 * @param {string[]} crates whose wasm is in the package
 */
export async function writeSbom(crates) {
  const { name, version } = JSON.parse(fs.readFileSync(path.join(packageDir, 'package.json'), 'utf8'));
  const checksums = lockedChecksums();
  const lines = new Set((await Promise.all(crates.map(linesOf))).flat());
  const components = [...lines].sort().map((line) => componentOf(line, checksums));
  const component = { type: 'library', 'bom-ref': name, name, version, purl: `pkg:npm/${name}@${version}` };
  const dependencies = [{ ref: name, dependsOn: components.map((part) => part['bom-ref']) }];
  const bom = { bomFormat: 'CycloneDX', specVersion: '1.6', version: 1, metadata: { component } };
  const text = JSON.stringify({ ...bom, components, dependencies }, null, 2);
  fs.writeFileSync(path.join(packageDir, 'sbom.cdx.json'), `${text}\n`);
}

/** One crate a line: name, version, licence. @param {string} crate @returns {Promise<string[]>} */
async function linesOf(crate) {
  const edges = ['--edges', 'normal,no-proc-macro', '--prefix', 'none', '--no-dedupe', '--format', '{p}|{l}'];
  const { output } = await run('cargo', ['tree', '--quiet', '-p', crate, '--target', wasmTarget, ...edges]);
  return output.split('\n').filter((line) => line.includes('|'));
}

/** @param {string} line @param {Map<string, string>} checksums */
function componentOf(line, checksums) {
  const [, name, version, licence] = /^(\S+) v(\S+)[^|]*\|(.+)$/.exec(line) ?? [];
  if (name === undefined || licence === undefined)
    throw new Failure(`cargo tree printed a line without name, version or licence: ${line}`);
  const content = checksums.get(`${name} ${version}`);
  const ref = `pkg:cargo/${name}@${version}`;
  return {
    type: 'library',
    'bom-ref': ref,
    name,
    version,
    ...(content && { hashes: [{ alg: 'SHA-256', content }] }),
    licenses: [{ expression: licence }],
    purl: ref,
  };
}

function lockedChecksums() {
  const text = fs.readFileSync(path.join(root, 'Cargo.lock'), 'utf8');
  return new Map(
    [...text.matchAll(LOCKED)].map(([, name, version, sum]) => [`${name} ${version}`, sum ?? '']),
  );
}
