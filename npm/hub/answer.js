/** What the hub's calls give: responses, and the error of a refusal. Used by `hub.js`. */

export class HubError extends Error {
  /** @param {number} status @param {{ errorCode?: number, message?: string, info?: { name?: string } } | undefined} body */
  constructor(status, body) {
    super(body?.message ?? `the hub answered ${status}`);
    this.name = 'HubError';
    this.status = status;
    this.errorCode = body?.errorCode;
    this.errorName = body?.info?.name;
  }
}

/** @param {[number, Record<string, string>, Uint8Array]} answer */
export function answerOf([status, headers, body]) {
  const text = () => new TextDecoder().decode(body);
  return { status, ok: status >= 200 && status < 300, headers, body, text, json: () => JSON.parse(text()) };
}
