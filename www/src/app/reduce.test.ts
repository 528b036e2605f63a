import { describe, expect, it } from 'vitest';
import { INBOX_KEEPS } from '../device/state.js';
import type { HubEvent } from '../hub/hub-event.js';
import { inputSensor } from '../sensors/defaults.js';
import { TELEMETRY_KEEPS } from '../service/state.js';
import type { Action } from './action.js';
import { reduce } from './reduce.js';
import { firstState, type State } from './state.js';

const first = firstState({ language: 'en', theme: 'system' }, 'page-1');
const having = (actions: readonly Action[], from: State = first): State => actions.reduce(reduce, from);

const telemetry = (id: string, deviceId = 'page-1', body = '{"temperature":21}'): Action => ({
  type: 'hub/event',
  at: 0,
  event: {
    type: 'telemetry',
    id,
    at: '2026-11-21T14:00:00Z',
    deviceId,
    moduleId: null,
    body: { text: body },
    properties: {},
    systemProperties: {},
  },
});

describe('telemetry', () => {
  it('is listed newest first and drawn', () => {
    const { service } = having([telemetry('1'), telemetry('2')]);
    expect(service.telemetry.map((event) => event.id)).toEqual(['2', '1']);
    expect(service.series.columns.temperature).toEqual([21, 21]);
    expect(service.received).toBe(2);
  });

  it('of another device is listed, but neither drawn nor counted', () => {
    const { service } = having([telemetry('1', 'page-2')]);
    expect(service.telemetry).toHaveLength(1);
    expect(service.received).toBe(0);
    expect(service.series.times).toEqual([]);
  });

  it('is drawn where it was measured, and once, when it waited and was sent again', () => {
    const told = (id: string, at: string, properties: Record<string, string> = {}): Action => ({
      type: 'hub/event',
      at: 0,
      event: {
        type: 'telemetry',
        id,
        at: '2026-11-21T14:00:09Z',
        deviceId: 'page-1',
        moduleId: null,
        body: { text: '{"temperature":21}' },
        properties,
        systemProperties: { 'message-id': at, 'iothub-creation-time-utc': at },
      },
    });
    const [one, two] = ['2026-11-21T14:00:01.500Z', '2026-11-21T14:00:02.500Z'];
    const { service } = having([told('1', two), told('2', one), told('3', two, { 'mqtt-dup': 'true' })]);
    expect(service.series.times.map((time) => time * 1000)).toEqual([Date.parse(one), Date.parse(two)]);
    expect(service.telemetry).toHaveLength(3);
  });

  it('is bounded', () => {
    const many = Array.from({ length: TELEMETRY_KEEPS + 20 }, (_, index) => telemetry(String(index)));
    expect(having(many).service.telemetry).toHaveLength(TELEMETRY_KEEPS);
  });
});

describe('the hub', () => {
  it('says how it sees the link of this device only', () => {
    const connection = (deviceId: string): Action => {
      const event: HubEvent = {
        type: 'connection',
        id: '1',
        at: '2026-11-21T14:00:00Z',
        deviceId,
        moduleId: null,
        state: 'connected',
        reason: 'connect',
      };
      return { type: 'hub/event', event, at: 0 };
    };
    expect(having([connection('page-2')]).service.link.connected).toBe(false);
    expect(having([connection('page-1')]).service.link).toEqual({ connected: true, reason: 'connect' });
  });

  it('starts clean when another one is opened, with the sensors as they were left', () => {
    const busy = having([
      telemetry('1'),
      { type: 'sensor/level', id: 'temperature', level: 60 },
      { type: 'device/sent' },
      { type: 'hub/failed', problem: 'gone' },
      { type: 'hub/opening', kind: 'local', again: false },
    ]);
    expect(busy.service.telemetry).toEqual([]);
    expect(busy.device.sent).toBe(0);
    expect(busy.device.sensors[0]?.level).toBe(60);
    expect(busy.hub).toMatchObject({ phase: 'opening', problem: null });
  });
});

describe('the same hub opened again', () => {
  it('keeps what was seen of it', () => {
    const { service, hub } = having([telemetry('1'), { type: 'hub/opening', kind: 'local', again: true }]);
    expect(service.telemetry).toHaveLength(1);
    expect(service.series.times).toHaveLength(1);
    expect(hub.phase).toBe('opening');
  });
});

describe('the device', () => {
  it('counts what was sent, acknowledged and lost apart', () => {
    const { device } = having([
      { type: 'device/sent' },
      { type: 'device/sent' },
      { type: 'device/acknowledged', roundTripMs: 4 },
      { type: 'device/send-failed', problem: 'outbox full' },
    ]);
    expect(device).toMatchObject({
      sent: 2,
      acknowledged: 1,
      failed: 1,
      roundTripMs: 4,
      lastProblem: 'outbox full',
    });
  });

  it('keeps the newest messages of its inbox', () => {
    const message = (key: string): Action => ({
      type: 'device/message',
      message: {
        key,
        at: 0,
        state: key === '1' ? 'held' : 'done',
        redelivered: false,
        body: 'hi',
        properties: {},
        systemProperties: {},
      },
    });
    const { inbox } = having(
      Array.from({ length: INBOX_KEEPS + 3 }, (_, index) => message(String(index))),
    ).device;
    expect(inbox).toHaveLength(INBOX_KEEPS);
    expect(inbox[0]?.key).toBe(String(INBOX_KEEPS + 2));
  });

  it('thaws a sensor whose generator is changed', () => {
    const { sensors } = having([
      { type: 'sensor/frozen', id: 'humidity', frozen: true },
      { type: 'sensor/generator', id: 'humidity', generator: 'noise' },
    ]).device;
    expect(sensors.find((sensor) => sensor.id === 'humidity')).toMatchObject({
      frozen: false,
      generator: 'noise',
    });
  });

  it('takes what the browser measures for a sensor that it feeds, and for no other', () => {
    const { sensors } = having([
      { type: 'sensor/added', sensor: inputSensor('tilt') },
      { type: 'sensor/input', id: 'tilt', value: 12.34 },
      { type: 'sensor/input', id: 'humidity', value: 1 },
    ]).device;
    expect(sensors.find((sensor) => sensor.id === 'tilt')?.value).toBe(12.3);
    expect(sensors.find((sensor) => sensor.id === 'humidity')?.value).toBe(48);
  });

  it('leaves every part alone that an action does not concern', () => {
    const next = having([{ type: 'page/theme', theme: 'dark' }]);
    expect(next.device).toBe(first.device);
    expect(next.service).toBe(first.service);
    expect(next.hub).toBe(first.hub);
  });
});

describe('a held message', () => {
  const message = {
    key: 'm-1',
    state: 'held' as const,
    redelivered: false,
    at: 0,
    body: 'hello',
    properties: {},
    systemProperties: {},
  };
  const status = (state: 'connected' | 'reconnecting'): Action => ({
    type: 'device/status',
    at: 0,
    status: { state, reason: '', detail: '', retryAt: null },
  });

  it('waits for a decision while its connection lives', () => {
    const { device } = having([{ type: 'device/message', message }, status('connected')]);
    expect(device.inbox.map(({ state }) => state)).toEqual(['held']);
  });

  it('cannot be answered once its connection is lost, and the redelivered one can', () => {
    const again = { ...message, key: 'm-2', redelivered: true };
    const { device } = having([
      { type: 'device/message', message },
      status('reconnecting'),
      status('connected'),
      { type: 'device/message', message: again },
    ]);
    expect(device.inbox.map(({ state }) => state)).toEqual(['held', 'lost']);
  });
});
