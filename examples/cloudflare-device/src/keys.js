/** Keys and tokens with WebCrypto: a device's key from the group's, and a short token for a page. */

/** @param {string} base64 */
const bytesOf = (base64) => Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));

/** @param {string} key in base64 @param {string} text */
async function hmac(key, text) {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const imported = await crypto.subtle.importKey('raw', bytesOf(key), algorithm, false, ['sign']);
  const signature = await crypto.subtle.sign('HMAC', imported, new TextEncoder().encode(text));
  return btoa(String.fromCharCode(...new Uint8Array(signature)));
}

/**
 * The key of one device: HMAC-SHA256 of its id with the group's key, so that one secret stands for all devices. It is
 * how the Device Provisioning Service derives keys of a group enrolment, too; that service is not needed here.
 * @param {string} groupKey @param {string} deviceId */
export const deviceKey = (groupKey, deviceId) => hmac(groupKey, deviceId);

/**
 * A SAS token.
 * @param {string} key @param {string} audience such as `{host}/devices/{deviceId}` @param {number} expiresAt seconds since 1970
 */
export async function signToken(key, audience, expiresAt) {
  const resource = encodeURIComponent(audience);
  const signature = encodeURIComponent(await hmac(key, `${resource}\n${expiresAt}`));
  return `SharedAccessSignature sr=${resource}&sig=${signature}&se=${expiresAt}`;
}
