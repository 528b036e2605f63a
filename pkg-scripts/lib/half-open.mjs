/**
 * The steps of `npm run bench -- half-open`: the release hub under thousands of half-open connections, and the section
 * of `docs/proof.md` that says what they cost.
 */
import { halfOpenText, measureHalfOpen } from '../../bench/half-open/measure.mjs';
import { conditions, machine } from '../../bench/lib/report.mjs';
import { buildReleaseHub } from './artifacts.mjs';
import { releaseHub } from './paths.mjs';
import { publishProof, sources } from './proof.mjs';
import { ensureToolchain } from './rust.mjs';

const CONNECTIONS = 5_000;
const SECONDS = 300;

/** @param {{ built: boolean }} size @returns {import('./steps.mjs').Step[]} */
export function halfOpenSteps({ built }) {
  const builds = [
    { title: 'Rust toolchain', body: ensureToolchain },
    { title: 'hub, release', body: buildReleaseHub },
  ];
  return [
    ...(built ? [] : builds),
    {
      title: `${CONNECTIONS} half-open connections for ${SECONDS} s`,
      body: async () => {
        const [before, commit] = [machine(), await sources()];
        const figures = await measureHalfOpen({
          hub: releaseHub,
          connections: CONNECTIONS,
          seconds: SECONDS,
        });
        const text = `${conditions(before, {})} Commit ${commit}.\n\n${halfOpenText(figures)}`;
        publishProof('half-open', text, { ...before, commit, ...figures });
      },
    },
  ];
}
