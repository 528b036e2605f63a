import { describe, expect, it } from 'vitest';
import type { DeviceStatus } from '../device/state.js';
import { HEALTHY, healing } from './heal.js';
import type { HubState } from './state.js';

const hub = (more: Partial<HubState>): HubState => ({
  kind: 'local',
  phase: 'open',
  service: true,
  place: '',
  problem: null,
  stream: 'open',
  ...more,
});
const status = (state: DeviceStatus['state'], reason: string): DeviceStatus => ({
  state,
  reason,
  detail: '',
  retryAt: null,
});
const refused = status('disconnected', 'unauthorized');

describe('healing', () => {
  it('opens again when a restarted hub has forgotten the device', () => {
    const lost = healing(HEALTHY, hub({ stream: 'lost' }), status('reconnecting', 'network'));
    expect(lost.now).toBe(false);
    const back = healing(lost, hub({}), status('reconnecting', 'network'));
    expect(back.now).toBe(false);
    expect(healing(back, hub({}), refused).now).toBe(true);
  });
  it('does not wait for the next attempt when the hub is back already', () => {
    const waiting = { ...status('reconnecting', 'network'), retryAt: 1 };
    expect(healing({ wasLost: true, now: false }, hub({}), waiting).now).toBe(true);
    expect(healing(HEALTHY, hub({}), waiting).now).toBe(false);
  });
  it('waits until the hub is back', () => {
    expect(healing({ wasLost: true, now: false }, hub({ stream: 'lost' }), refused).now).toBe(false);
  });
  it('leaves a device alone that was disabled, or refused for another reason', () => {
    expect(healing(HEALTHY, hub({}), refused).now).toBe(false);
    expect(healing({ wasLost: true, now: false }, hub({}), status('disconnected', 'clock-off')).now).toBe(
      false,
    );
  });
  it('is for a hub on this computer only, and forgets when another one is opened', () => {
    expect(healing({ wasLost: true, now: false }, hub({ kind: 'mine' }), refused)).toEqual(HEALTHY);
    expect(healing({ wasLost: true, now: false }, hub({ phase: 'opening' }), refused)).toEqual(HEALTHY);
  });
});
