/**
 * What the device does when a method is called: one card for each method, with its answer, a delay and a share of
 * failures. Pure; the session runs the delay and the built-in effects.
 */
import type { Json } from '../twin/json.js';

/** What a card does besides answering. */
export type Effect = 'none' | 'reboot' | 'firmware';

export interface MethodCard {
  readonly name: string;
  readonly effect: Effect;
  readonly status: number;
  /** JSON text; `echo` answers with the payload itself when it is empty. */
  readonly reply: string;
  readonly delayMs: number;
  /** Of a hundred calls, how many fail with 500. */
  readonly failurePercent: number;
}

export interface MethodCall {
  readonly key: string;
  readonly at: number;
  readonly name: string;
  readonly status: number;
}

export const DEFAULT_METHODS: readonly MethodCard[] = [
  card('echo', 'none', ''),
  card('reboot', 'reboot', '{"rebooting":true}'),
  card('firmwareUpdate', 'firmware', '{"accepted":true}'),
];

/** What a hub takes as the name of a method. */
export const METHOD_NAME = /^[\w.-]{1,128}$/;

/** A method of someone's own: it echoes until its card says otherwise. */
export function ownMethod(name: string): MethodCard {
  return card(name, 'none', '');
}

/** What the device came with stays; the others may go. */
export function isOwn(name: string): boolean {
  return DEFAULT_METHODS.every((method) => method.name !== name);
}

export const CALLS_KEEP = 20;

function card(name: string, effect: Effect, reply: string): MethodCard {
  return { name, effect, status: 200, reply, delayMs: 0, failurePercent: 0 };
}

export interface Answer {
  readonly status: number;
  readonly payload: Json;
}

/** The answer to a call; `chance` is a number in [0, 1). */
export function answerOf(card: MethodCard | undefined, name: string, payload: Json, chance: number): Answer {
  if (card === undefined) return { status: 404, payload: { message: `this device has no method ${name}` } };
  if (chance * 100 < card.failurePercent)
    return { status: 500, payload: { message: 'failed, as its card says' } };
  if (card.reply.trim() === '') return { status: card.status, payload };
  return { status: card.status, payload: parsedReply(card.reply) };
}

/** A reply that is no JSON is sent as a text: an answer must always be JSON. */
function parsedReply(reply: string): Json {
  try {
    return JSON.parse(reply) as Json;
  } catch {
    return reply;
  }
}
