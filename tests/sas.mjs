/** SAS tokens made by a test: right ones, expired ones, ones for another audience. */
import { createHmac } from 'node:crypto';

/**
 * @param {object} token
 * @param {string} token.resource such as `localhost/devices/dev-1`
 * @param {string} token.key base64
 * @param {number} token.expiry Unix seconds
 * @param {string} [token.policy]
 */
export function makeToken({ resource, key, expiry, policy }) {
  const audience = encodeURIComponent(resource);
  const signature = createHmac('sha256', Buffer.from(key, 'base64'))
    .update(`${audience}\n${expiry}`)
    .digest('base64');
  const name = policy === undefined ? '' : `&skn=${policy}`;
  return `SharedAccessSignature sr=${audience}&sig=${encodeURIComponent(signature)}&se=${expiry}${name}`;
}

/** @param {number} seconds from now; negative for a token that has ended */
export function inSeconds(seconds) {
  return Math.floor(Date.now() / 1000) + seconds;
}
