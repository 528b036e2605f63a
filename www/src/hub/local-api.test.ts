import { describe, expect, it } from 'vitest';
import { call, type LocalRequest, provision, refusal, serviceSide } from './local-api.js';
import { reachable } from './local-hub.js';

/** A hub that answers from a list and remembers what it was asked. */
function answering(answers: Record<string, unknown>) {
  const asked: { method: string; path: string; body: unknown; update: boolean | undefined }[] = [];
  const request: LocalRequest = ({ method, path, body, update }) => {
    asked.push({ method, path, body, update });
    return Promise.resolve({ status: 200, text: JSON.stringify(answers[`${method} ${path}`] ?? null) });
  };
  return { asked, request };
}

describe('provision', () => {
  it('makes a device that is not there', async () => {
    const hub = answering({ 'GET devices': [], 'PUT devices/page-1': { connectionString: 'HostName=h' } });
    expect(await provision(hub.request, 'page-1')).toBe('HostName=h');
    expect(hub.asked.map(({ method }) => method)).toEqual(['GET', 'PUT']);
  });
  it('takes the one that is there, and not a module of its name', async () => {
    const devices = [
      { deviceId: 'page-1', moduleId: 'm', connectionString: 'module' },
      { deviceId: 'page-1', moduleId: null, connectionString: 'device' },
    ];
    const hub = answering({ 'GET devices': devices });
    expect(await provision(hub.request, 'page-1')).toBe('device');
    expect(hub.asked).toHaveLength(1);
  });
});

describe('reachable', () => {
  const base = new URL('http://127.0.0.1:4280/');
  it('adds the port once', () => {
    const once = reachable('HostName=localhost;DeviceId=d;SharedAccessKey=a2V5', base);
    expect(once).toBe('HostName=localhost;DeviceId=d;SharedAccessKey=a2V5;UseLocalHub=true;Port=4280');
    expect(reachable(once, base)).toBe(once);
  });
});

describe('the service side', () => {
  it('percent-encodes ids and sends a desired patch where it belongs', async () => {
    const hub = answering({});
    await serviceSide(hub.request).patchDesired('a/b#c', { led: 'on' });
    expect(hub.asked[0]).toMatchObject({
      method: 'PATCH',
      path: 'devices/a%2Fb%23c/twin',
      body: { properties: { desired: { led: 'on' } } },
    });
  });
  it('disables a device as it stands, without handing its connection string back', async () => {
    const device = { deviceId: 'd', status: 'enabled', etag: 'x', connectionString: 'secret' };
    const hub = answering({ 'GET devices/d': device });
    await serviceSide(hub.request).setEnabled('d', false);
    const body = { deviceId: 'd', status: 'disabled', etag: 'x' };
    expect(hub.asked[1]).toEqual({ method: 'PUT', path: 'devices/d', body, update: true });
  });
  it('reads a twin without what the hub adds', async () => {
    const properties = { desired: { led: 'on', $version: 3, $metadata: {} }, reported: { $version: 1 } };
    const hub = answering({ 'GET devices/d/twin': { properties } });
    expect(await serviceSide(hub.request).twin('d')).toEqual({
      desired: { led: 'on' },
      reported: {},
      desiredVersion: 3,
      reportedVersion: 1,
    });
  });
});

describe('refusal', () => {
  it('reads every form of the hub’s errors', () => {
    const local = '{"errorCode":404001,"message":"there is no device x"}';
    expect(refusal({ status: 404, text: local })).toBe('404 (404001): there is no device x');
    const old = '{"Message":"ErrorCode:DeviceNotFound;dev-1","ExceptionMessage":"Tracking ID:x"}';
    expect(refusal({ status: 404, text: old })).toBe('404: DeviceNotFound: dev-1');
    const nested = JSON.stringify({ Message: JSON.stringify({ errorCode: 404103, message: 'not online' }) });
    expect(refusal({ status: 404, text: nested })).toBe('404 (404103): not online');
    expect(refusal({ status: 502, text: 'Bad gateway' })).toBe('502: Bad gateway');
  });
  it('is what a call fails with', async () => {
    const request: LocalRequest = () => Promise.resolve({ status: 429, text: '{"message":"slow down"}' });
    await expect(call(request, 'GET', 'devices')).rejects.toThrow('429: slow down');
  });
});
