import { describe, expect, it } from 'vitest';
import { firstKind, isLoopback, localAddress } from './which-hub.js';

const served = () => Promise.resolve(true);
const alone = () => Promise.resolve(false);
const never = () => Promise.reject(new Error('was asked'));

describe('firstKind', () => {
  it('takes the hub that served the page', async () => {
    expect(await firstKind(new URL('http://127.0.0.1:4280/'), served)).toBe('local');
  });
  it('brings its own hub when a plain server served it', async () => {
    expect(await firstKind(new URL('http://localhost:8000/'), alone)).toBe('page');
  });
  it('asks nobody when it comes from elsewhere or was told', async () => {
    expect(await firstKind(new URL('https://example.github.io/page/'), never)).toBe('page');
    expect(await firstKind(new URL('http://localhost:8000/?hub=page'), never)).toBe('page');
    expect(await firstKind(new URL('https://example.org/?hub=http://127.0.0.1:5000/'), never)).toBe('local');
  });
});

describe('localAddress', () => {
  it('is who served the page, the named one, or the usual port', () => {
    expect(localAddress(new URL('http://localhost:5000/sub/?x=1')).href).toBe('http://localhost:5000/sub/');
    expect(localAddress(new URL('https://example.org/?hub=http://127.0.0.1:9/')).href).toBe(
      'http://127.0.0.1:9/',
    );
    expect(localAddress(new URL('https://example.org/?hub=page')).href).toBe('http://127.0.0.1:4280/');
  });
});

describe('isLoopback', () => {
  it.each(['localhost', '127.0.0.1', '127.8.0.1', '[::1]'])('takes %s', (host) => {
    expect(isLoopback(host)).toBe(true);
  });
  it.each(['127.0.0.1.example.org', 'localhost.example.org', '10.0.0.1'])('refuses %s', (host) => {
    expect(isLoopback(host)).toBe(false);
  });
});
