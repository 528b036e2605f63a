/**
 * The soak, short: no message is lost, rejected or left open by a network that cuts, stalls and goes half-open. The
 * client has its defaults: a bad network is not taken for another client, for which it would stay away for minutes.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measureSoak } from '../../bench/soak/measure.mjs';

const SEED = 4;
const MESSAGES = 5_000;
/** So slow that the troubles of half a minute fall among them: the fifth leaves the link half-open. */
const PER_SECOND = 300;

for (const place of /** @type {const} */ (['node', 'chromium'])) {
  test(`${MESSAGES} messages through a bad network, in ${place} (seed ${SEED})`, {
    timeout: 300_000,
  }, async () => {
    const setting = { messages: MESSAGES, perSecond: PER_SECOND, seed: SEED };
    const [row] = await measureSoak({ ...setting, clients: ['ours'], where: [place] });
    assert.deepEqual(
      [row.lost, row.rejected, row.unsettled, row.unmarked],
      [0, 0, 0, 0],
      JSON.stringify(row),
    );
    assert.ok(row.cut > 0 && row.halfOpen > 0, 'the network was bad');
    assert.ok(row.copies > 0, 'messages were in flight when it was');
  });
}
