/**
 * `npm start`: sets up what is missing, builds, starts the local hub with the dashboard and prints
 * the page's address. Ctrl-C ends it. Arguments after `--` go to the hub (`npm start -- --tls`).
 */
import { spawn } from 'node:child_process';
import net from 'node:net';
import { buildDashboard, buildDevHub, buildHubAndBindTool, buildQuickDashboard } from '../lib/artifacts.mjs';
import { Failure, runMain } from '../lib/failure.mjs';
import { dashboardDir, devHub, quickDashboardDir, root } from '../lib/paths.mjs';
import { LIMITS, setUp } from '../lib/set-up.mjs';
import { runTasks } from '../lib/steps.mjs';
import { buildPackage, buildQuickPackage, compileQuickly, isPackageBuilt } from '../lib/wasm-package.mjs';

const PORT = 4280;

/** Entry of `pkg-scripts/start`. */
export const main = () =>
  runMain(async () => {
    // What `npm run build` or `npm test` left is better than anything made in a hurry.
    const built = isPackageBuilt();
    const seconds = await runTasks([...setUp(['npm', 'wasm32']), ...(built ? FROM_BUILT : QUICKLY)], LIMITS);
    console.log(`      ready after ${seconds} s`);
    await serve(process.argv.slice(2), built ? dashboardDir : quickDashboardDir);
  });

/** @typedef {import('../lib/steps.mjs').Task} Task */

/** @type {Task[]} */
const QUICKLY = [
  { name: 'wasm', title: 'wasm', needs: ['wasm32'], uses: ['cargo'], body: compileQuickly },
  { name: 'hub', title: 'hub', needs: ['rust'], uses: ['cargo'], body: buildHubAndBindTool },
  { name: 'package', title: 'package', needs: ['hub', 'wasm'], body: buildQuickPackage },
  { name: 'dashboard', title: 'dashboard', needs: ['npm', 'package'], body: buildQuickDashboard },
];

/** @type {Task[]} */
const FROM_BUILT = [
  { name: 'hub', title: 'hub', needs: ['rust'], uses: ['cargo'], body: buildDevHub },
  { name: 'package', title: 'package', needs: ['rust'], body: buildPackage },
  { name: 'dashboard', title: 'dashboard', needs: ['npm', 'package'], body: buildDashboard },
];

/** @param {string[]} wanted arguments of the caller for the hub @param {string} dashboard */
async function serve(wanted, dashboard) {
  const port = wanted.includes('--port') ? [] : ['--port', String(await freePort())];
  const www = wanted.includes('--www') ? [] : ['--www', dashboard];
  const hub = spawn(devHub, [...port, ...www, '--json', ...wanted], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const stop = () => hub.kill('SIGTERM');
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  process.on('exit', stop);
  announceWhenReady(hub);
  await ended(hub);
}

/** @param {import('node:child_process').ChildProcessByStdio<null, import('node:stream').Readable, null>} hub */
function announceWhenReady(hub) {
  let text = '';
  hub.stdout.setEncoding('utf8').on('data', (chunk) => {
    const waiting = !text.includes('\n');
    text += chunk;
    if (waiting && text.includes('\n')) announce(JSON.parse(text.slice(0, text.indexOf('\n'))));
  });
}

/** @param {import('../../tests/hub-process.mjs').ReadyLine} ready */
function announce(ready) {
  console.log(`\n  The page:  ${ready.http}/`);
  if (ready.https) console.log(`  For SDKs:  ${ready.https}, ${ready.mqtts}, trust ${ready.caFile}`);
  for (const device of ready.devices) console.log(`  A device:  ${device.connectionString}`);
  console.log('\n  Ctrl-C ends it. The keys are fixed keys for development.\n');
}

/** @param {import('node:child_process').ChildProcess} hub */
function ended(hub) {
  return new Promise((resolve, reject) => {
    hub.on('error', (error) => reject(new Failure(`the hub could not be started: ${error.message}`)));
    hub.on('exit', (code, signal) => {
      if (code === 0 || signal === 'SIGTERM') resolve(undefined);
      else
        reject(new Failure(`the hub ended with ${signal ?? `code ${code}`}`, { cure: 'read its log above' }));
    });
  });
}

/** The well-known port, or a free one when something else has it. */
async function freePort() {
  if (await isFree(PORT)) return PORT;
  console.log(`      port ${PORT} is taken, a free one is used`);
  return 0;
}

/** @param {number} port */
function isFree(port) {
  return new Promise((resolve) => {
    const probe = net.createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
