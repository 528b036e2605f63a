/** Host for workerd: a plain Worker, and the same within a Durable Object. */
import { DurableObject } from 'cloudflare:workers';
import * as library from 'iothub-wasm';
import { runBehaviours } from './behaviours.js';

/** @param {Request} request */
async function answer(request) {
  const hub = new URL(request.url).searchParams.get('hub') ?? '';
  return Response.json(await runBehaviours(library, { hub }));
}

export class Host extends DurableObject {
  /** @override @param {Request} request */
  fetch(request) {
    return answer(request);
  }
}

export default {
  /** @param {Request} request @param {any} env */
  fetch: (request, env) =>
    new URL(request.url).pathname === '/object' ? env.HOST.getByName('one').fetch(request) : answer(request),
};
