/**
 * The one error class of the package, and how it is made of what the wasm side says.
 * Used by `client.js`; published for `instanceof` and `switch (error.code)`.
 */

export class IotHubError extends Error {
  /** @param {import('./index.js').IotHubErrorCode} code @param {string} message @param {{ retryable?: boolean, cause?: unknown }} [more] */
  constructor(code, message, more = {}) {
    super(message, 'cause' in more ? { cause: more.cause } : undefined);
    this.name = 'IotHubError';
    this.code = code;
    this.retryable = more.retryable ?? false;
  }
}

/**
 * An error of the wasm side's `[code, message, retryable]`; anything else that was thrown is a fault of ours.
 * @param {unknown} thrown @param {unknown} [cause]
 * @returns {IotHubError}
 */
export function errorOf(thrown, cause) {
  if (thrown instanceof IotHubError) return thrown;
  if (Array.isArray(thrown)) {
    const [code, message, retryable] = thrown;
    return new IotHubError(code, message, cause === undefined ? { retryable } : { retryable, cause });
  }
  return new IotHubError('internal', `a fault in iothub-wasm: ${String(thrown)}; please report it`, {
    cause: thrown,
  });
}
