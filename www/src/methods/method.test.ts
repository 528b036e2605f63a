import { describe, expect, it } from 'vitest';
import { answerOf, DEFAULT_METHODS, type MethodCard } from './method.js';

const echo = DEFAULT_METHODS[0] as MethodCard;

describe('answerOf', () => {
  it('echoes the payload when the reply is empty', () => {
    expect(answerOf(echo, 'echo', { a: 1 }, 0.5)).toEqual({ status: 200, payload: { a: 1 } });
  });
  it('answers with the card’s status and reply', () => {
    expect(answerOf({ ...echo, status: 202, reply: '{"ok":true}' }, 'echo', null, 0.5)).toEqual({
      status: 202,
      payload: { ok: true },
    });
  });
  it('sends a reply that is no JSON as a text', () => {
    expect(answerOf({ ...echo, reply: 'done' }, 'echo', null, 0.5).payload).toBe('done');
  });
  it('fails as often as the card says', () => {
    const flaky = { ...echo, failurePercent: 30 };
    expect(answerOf(flaky, 'echo', null, 0.29).status).toBe(500);
    expect(answerOf(flaky, 'echo', null, 0.31).status).toBe(200);
    expect(answerOf({ ...echo, failurePercent: 0 }, 'echo', null, 0).status).toBe(200);
  });
  it('says that an unknown method is not there', () => {
    expect(answerOf(undefined, 'fly', null, 0)).toMatchObject({
      status: 404,
      payload: { message: expect.stringContaining('fly') },
    });
  });
});
