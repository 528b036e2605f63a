import { describe, expect, it } from 'vitest';
import sas from '../../../tests/vectors/sas.json' with { type: 'json' };
import { readServiceConnectionString, serviceToken } from './sas.js';
import { refusal } from './service-rest.js';

const answer = (status: number, name: string | null) => ({
  status,
  headers: new Headers(name === null ? {} : { 'iothub-errorcode': name }),
});

describe('refusal', () => {
  it('reads the old form', () => {
    const body = '{"Message":"ErrorCode:DeviceNotFound;dev-1","ExceptionMessage":"Tracking ID:x"}';
    expect(refusal(answer(404, 'DeviceNotFound'), body)).toBe('404 · DeviceNotFound · dev-1');
  });
  it('reads JSON inside JSON', () => {
    const inner = JSON.stringify({ errorCode: 404103, message: 'Timed out waiting for device to connect.' });
    const body = JSON.stringify({ Message: inner, ExceptionMessage: '' });
    expect(refusal(answer(404, 'DeviceNotOnline'), body)).toContain(
      'Timed out waiting for device to connect.',
    );
  });
  it('shows what it cannot read', () => {
    expect(refusal(answer(502, null), 'Bad gateway')).toBe('502 · Bad gateway');
  });
});

describe('the service token', () => {
  const text = 'HostName=localhost;SharedAccessKeyName=iothubowner;SharedAccessKey=a2V5PQ==';
  it('takes a connection string apart, key with its equals signs and all', () => {
    expect(readServiceConnectionString(text)).toEqual({
      host: 'localhost',
      policy: 'iothubowner',
      key: 'a2V5PQ==',
    });
    expect(readServiceConnectionString('HostName=localhost')).toBeNull();
  });
  it('signs as the golden vector of the official SDKs does', async () => {
    const vector = sas.vectors.find((one) => one.name === 'C');
    expect(vector).toBeDefined();
    const { resource: host = '', key = '', keyName, expiry = 0, signature = '' } = vector ?? {};
    const token = await serviceToken({ host, policy: keyName ?? '', key }, expiry);
    expect(token).toBe(
      `SharedAccessSignature sr=${host}&sig=${encodeURIComponent(signature)}&se=${expiry}&skn=${keyName}`,
    );
  });
});
