import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { runPatiently } from '../../pkg-scripts/lib/apt.mjs';

const LISTS = 'E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7 (apt-get)';
const DPKG =
  'E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), is another process using it?';
const OTHER = 'E: Unable to locate package nothing';

/** A program in apt's place that says one line a call and fails; after the last it succeeds. */
function fakeApt(/** @type {string[]} */ lines) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'iothub-wasm-apt-'));
  const said = path.join(folder, 'said');
  fs.writeFileSync(said, lines.map((line) => `${line}\n`).join(''));
  const program = path.join(folder, 'apt-get');
  const script = `#!/bin/sh\necho "$*" >> '${folder}/calls'\nline=$(head -n 1 '${said}')\nsed -i 1d '${said}'\n[ -z "$line" ] || { echo "$line" >&2; exit 100; }\n`;
  fs.writeFileSync(program, script, { mode: 0o755 });
  const calls = () => fs.readFileSync(path.join(folder, 'calls'), 'utf8').trimEnd().split('\n');
  return { program, calls, remove: () => fs.rmSync(folder, { recursive: true }) };
}

test('waits while another installation has the lists or the packages', async () => {
  const apt = fakeApt([LISTS, DPKG]);
  await runPatiently([apt.program, 'install', 'x'], 'by hand', { again: 1 });
  assert.equal(apt.calls().length, 3);
  assert.match(apt.calls()[0], /^install x .*DPkg::Lock::Timeout=/);
  apt.remove();
});

test('fails at once for any other reason', async () => {
  const apt = fakeApt([LISTS, OTHER, OTHER]);
  await assert.rejects(runPatiently([apt.program, 'install', 'x'], 'by hand', { again: 1 }), {
    evidence: `${OTHER}\n`,
    cure: 'by hand',
  });
  assert.equal(apt.calls().length, 2);
  apt.remove();
});

test('gives up when the other installation does not end', async () => {
  const apt = fakeApt(Array(3).fill(DPKG));
  await assert.rejects(runPatiently([apt.program, 'update'], 'by hand', { again: 1, patience: -1 }), {
    message: /another installation has kept apt busy/,
  });
  apt.remove();
});
