import { describe, expect, it } from 'vitest';
import type { Action } from '../app/action.js';
import { reduceWire } from './reduce.js';
import { firstWire, TELEMETRY_LINES, WIRE_KEEPS, type WireState } from './state.js';

const encode = (value: string) => [0, value.length, ...new TextEncoder().encode(value)];
const packet = (at: number, outgoing: boolean, first: number, ...body: number[]): Action => ({
  type: 'device/packet',
  at,
  outgoing,
  bytes: new Uint8Array([first, body.length, ...body]),
});
const publish = (at: number, id: number) =>
  packet(at, true, 0x32, ...encode('devices/d/messages/events/'), 0, id, 65);
const puback = (at: number, id: number) => packet(at, false, 0x40, 0, id);
const run = (actions: readonly Action[], from: WireState = firstWire()) =>
  actions.reduce((wire, action) => reduceWire(wire, action, 'd'), from);

describe('the wire', () => {
  it('ties an acknowledgement to its message and says how long it took', () => {
    const [ack, message] = run([publish(100, 7), puback(104, 7)]).entries;
    expect(ack).toMatchObject({ title: 'PUBACK', kind: 'telemetry', partner: message?.key, tookMs: 4 });
    expect(message).toMatchObject({ title: 'PUBLISH', partner: ack?.key, tookMs: 4 });
  });

  it('does not answer a question twice when its packet id comes again', () => {
    const { entries } = run([publish(1, 7), puback(2, 7), publish(3, 7), puback(9, 7)]);
    expect(entries.map((entry) => entry.tookMs)).toEqual([6, 6, 1, 1]);
  });

  it('matches a method call to its answer by request id, across directions', () => {
    const call = packet(10, false, 0x30, ...encode('$iothub/methods/POST/reboot/?$rid=5'));
    const answer = packet(25, true, 0x30, ...encode('$iothub/methods/res/200/?$rid=5'));
    const [second, first] = run([call, answer]).entries;
    expect(second).toMatchObject({ kind: 'method', side: 'out', tookMs: 15, partner: first?.key });
  });

  it('matches twin requests by request id', () => {
    const ask = packet(10, true, 0x30, ...encode('$iothub/twin/GET/?$rid=2'));
    const other = packet(11, false, 0x30, ...encode('$iothub/twin/res/200/?$rid=9'));
    const [unmatched, asked] = run([ask, other]).entries;
    expect(unmatched?.partner).toBeNull();
    expect(asked?.partner).toBeNull();
  });

  it('keeps the hub silent about telemetry and about other devices', () => {
    const base = { id: '1', at: '2026-01-01T00:00:00Z', moduleId: null };
    const connection = (deviceId: string): Action => ({
      type: 'hub/event',
      at: 1,
      event: {
        ...base,
        deviceId,
        type: 'connection',
        state: 'disconnected',
        reason: 'taken-over: another link',
      },
    });
    const telemetry: Action = {
      type: 'hub/event',
      at: 1,
      event: {
        ...base,
        deviceId: 'd',
        type: 'telemetry',
        body: { text: '' },
        properties: {},
        systemProperties: {},
      },
    };
    const { entries } = run([connection('x'), telemetry, connection('d')]);
    expect(entries).toHaveLength(1);
    expect(entries[0]).toMatchObject({ side: 'hub', tone: 'bad', summary: 'taken-over: another link' });
  });

  it('keeps why the link was lost when telemetry runs on', () => {
    const lost: Action = {
      type: 'device/status',
      status: { state: 'reconnecting', reason: 'network', detail: 'the link is gone', retryAt: 1_500 },
      at: 0,
    };
    const { entries } = run([lost, ...Array.from({ length: 900 }, (_, index) => publish(index, 1))]);
    expect(entries).toHaveLength(TELEMETRY_LINES + 1);
    expect(entries.at(-1)).toMatchObject({
      side: 'client',
      summary: 'network · the link is gone · next attempt in 1.5 s',
    });
  });

  it('is bounded, and keys never come again', () => {
    const pings = Array.from({ length: WIRE_KEEPS + 10 }, (_, index) => packet(index, true, 0xc0));
    const full = run(pings);
    expect(full.entries).toHaveLength(WIRE_KEEPS);
    const cleared = run([{ type: 'wire/cleared' }, publish(1, 1)], full);
    expect(cleared.entries[0]?.key).toBe(WIRE_KEEPS + 11);
  });
});
