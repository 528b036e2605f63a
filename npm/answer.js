/**
 * A method's request and its answer, between JSON text and what a handler takes and gives. Called by `client.js`.
 */
import { checkNames, words } from './names.js';
import { demand, jsonOf, LONG, shown } from './values.js';

const ANSWER = words('status payload');

/** @param {unknown} status */
function isStatus(status) {
  return Number.isInteger(status) && Math.abs(/** @type {number} */ (status)) <= 0x7fffffff;
}

/** A method's payload: JSON when it is, the text when it is not, nothing when there was none. @param {string} text */
export function payloadOf(text) {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** @param {any} returned */
export function answerOf(returned) {
  const isAnswer = typeof returned === 'object' && returned !== null && 'status' in returned;
  if (isAnswer) checkNames(returned, ANSWER, "a method's answer, { status, payload }");
  const { status, payload } = isAnswer ? returned : { status: 200, payload: returned };
  demand(isStatus(status), "the status of a method's answer", status, 'a whole number of 32 bits');
  return { status, body: jsonOf(payload ?? null, "method's answer").slice(0, LONG) };
}

/** What the caller gets when a handler fails. @param {any} error */
export function failureOf(error) {
  let [status, text] = [500, ''];
  try {
    text = String(error?.message ?? error);
    if (isStatus(error?.status)) status = error.status;
  } catch {
    text = shown(error);
  }
  return { status, body: JSON.stringify({ error: text }).slice(0, LONG) };
}
