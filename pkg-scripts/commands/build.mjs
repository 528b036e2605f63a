/**
 * `npm run build`: the package in `pkg/`, the dashboard in `www/dist/`, the hub at
 * `target/release/iothub-local`. `npm run build -- package` builds only the named parts.
 */
import { buildDashboard, buildReleaseHub } from '../lib/artifacts.mjs';
import { Failure, runMain } from '../lib/failure.mjs';
import { dashboardDir, packageDir } from '../lib/paths.mjs';
import { setUpForBuild } from '../lib/set-up.mjs';
import { printSizes } from '../lib/sizes.mjs';
import { runSteps } from '../lib/steps.mjs';
import { buildPackage } from '../lib/wasm-package.mjs';

/** @type {Record<string, import('../lib/steps.mjs').Step>} */
const PARTS = {
  package: { title: 'package', body: packageWithSizes },
  dashboard: { title: 'dashboard', body: dashboardWithSizes },
  hub: { title: 'hub, release', body: buildReleaseHub },
};

/** Entry of `pkg-scripts/build`. */
export const main = () =>
  runMain(async () => {
    const wanted = process.argv.slice(2);
    const unknown = wanted.filter((name) => !(name in PARTS));
    if (unknown.length > 0) {
      throw new Failure(`there is no part ${unknown.join(', ')}`, {
        cure: `name some of ${Object.keys(PARTS).join(', ')}, or none for all`,
      });
    }
    const parts = Object.entries(PARTS).filter(([name]) => wanted.length === 0 || wanted.includes(name));
    const seconds = await runSteps([...setUpForBuild(), ...parts.map(([, step]) => step)]);
    console.log(`\nbuilt in ${seconds} s`);
  });

async function packageWithSizes() {
  const note = await buildPackage();
  printSizes(packageDir, /\.(wasm|js)$/);
  return note;
}

async function dashboardWithSizes() {
  const note = await buildDashboard();
  printSizes(dashboardDir, /\.(wasm|js|css|html)$/);
  return note;
}
