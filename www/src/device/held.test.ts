import { describe, expect, it } from 'vitest';
import { HeldMessages } from './held.js';

describe('a held message', () => {
  it('is acknowledged when someone says so', async () => {
    const held = new HeldMessages();
    const decided = held.wait('a');
    held.settle('a', true);
    await expect(decided).resolves.toBeUndefined();
  });
  it('is refused when someone says so, and only the one that was meant', async () => {
    const held = new HeldMessages();
    const one = held.wait('a');
    const other = held.wait('b');
    held.settle('a', false);
    held.settle('b', true);
    await expect(one).rejects.toThrow('come again');
    await expect(other).resolves.toBeUndefined();
  });
  it('can be settled once, and a stranger not at all', () => {
    const held = new HeldMessages();
    expect(() => held.settle('nobody', true)).not.toThrow();
  });
});
