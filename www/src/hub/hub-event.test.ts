import { describe, expect, it } from 'vitest';
import { bodyText, readHubEvent } from './hub-event.js';

const at = '2026-11-21T14:00:00.000Z';

describe('readHubEvent', () => {
  it('reads telemetry with a property that has no value', () => {
    const event = readHubEvent('7', {
      type: 'telemetry',
      at,
      deviceId: 'page-1',
      body: '{"temperature":21}',
      properties: { alert: 'false', bare: null },
      systemProperties: { 'content-type': 'application/json' },
    });
    expect(event).toMatchObject({ id: '7', type: 'telemetry', properties: { alert: 'false', bare: null } });
    expect(event?.type === 'telemetry' && bodyText(event.body)).toBe('{"temperature":21}');
  });

  it('says so when a body is not text', () => {
    const event = readHubEvent('8', { type: 'telemetry', at, bodyBase64: '/wA=' });
    expect(event?.type === 'telemetry' && bodyText(event.body)).toBe('base64 /wA=');
  });

  it('joins a reason code and its sentence', () => {
    const told = {
      type: 'connection',
      at,
      state: 'disconnected',
      reason: 'taken-over',
      message: 'another link',
    };
    expect(readHubEvent('9', told)).toMatchObject({
      state: 'disconnected',
      reason: 'taken-over: another link',
    });
    const nested = { ...told, reason: { code: 'taken-over', message: 'another link' }, message: undefined };
    expect(readHubEvent('9', nested)).toMatchObject({ reason: 'taken-over: another link' });
  });

  it('keeps all that a refusal carries', () => {
    const event = readHubEvent('1', { type: 'refused', at, deviceId: 'x', reason: 'bad-key', returnCode: 5 });
    expect(event).toMatchObject({ type: 'refused', reason: 'bad-key', detail: { returnCode: 5 } });
  });

  it('passes over what it does not know', () => {
    expect(readHubEvent('1', { type: 'weather', at })).toBeNull();
    expect(readHubEvent('1', 'text')).toBeNull();
  });
});
