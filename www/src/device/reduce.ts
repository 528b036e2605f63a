/** How the device's side of the state changes. Pure; called by `app/reduce.ts`. */
import type { Action } from '../app/action.js';
import { boardOf } from '../board/board.js';
import { CALLS_KEEP, type MethodCard } from '../methods/method.js';
import { advance, measured, type Sensor, withLevel } from '../sensors/sensor.js';
import { type JsonObject, merged, withoutMeta } from '../twin/json.js';
import {
  type DeviceState,
  type DeviceStatus,
  firstDevice,
  INBOX_KEEPS,
  INTERVAL_OF_MY_HUB_S,
  ROUND_TRIPS_KEEP,
} from './state.js';

export function reduceDevice(device: DeviceState, action: Action): DeviceState {
  switch (action.type) {
    case 'hub/opening':
      return {
        ...restarted(device, action.kind === 'mine' ? INTERVAL_OF_MY_HUB_S : 1),
        inbox: action.again ? device.inbox : [],
      };
    case 'hub/asked':
      return { ...restarted(device, INTERVAL_OF_MY_HUB_S), status: SWITCHED_OFF };
    case 'hub/opened':
      return { ...device, id: action.deviceId };
    case 'hub/failed':
      // There is nobody to connect to: the device is off until someone tries again.
      return device.status.state === 'connecting' ? { ...device, status: SWITCHED_OFF } : device;
    case 'device/metrics':
      return { ...device, metrics: action.metrics };
    case 'device/status':
      return { ...device, status: action.status, inbox: stillHeld(device.inbox, action.status) };
    case 'device/sent':
      return { ...device, sent: device.sent + 1 };
    case 'device/acknowledged':
      return {
        ...device,
        acknowledged: device.acknowledged + 1,
        roundTripMs: action.roundTripMs,
        roundTrips: [...device.roundTrips, action.roundTripMs].slice(-ROUND_TRIPS_KEEP),
      };
    case 'device/send-failed':
      return { ...device, failed: device.failed + 1, lastProblem: action.problem };
    case 'device/message':
      return { ...device, inbox: [action.message, ...device.inbox].slice(0, INBOX_KEEPS) };
    case 'device/twin':
      return withSeen(
        { ...device, twin: { ...device.twin, reported: action.reported } },
        action.desired,
        action.version,
      );
    case 'device/desired':
      return withSeen(device, merged(device.twin.seen, withoutMeta(action.patch)), action.version);
    case 'device/reported':
      return { ...device, twin: { ...device.twin, reported: merged(device.twin.reported, action.patch) } };
    case 'device/called':
      return { ...device, calls: [action.call, ...device.calls].slice(0, CALLS_KEEP) };
    case 'method/changed':
      return { ...device, methods: withCard(device.methods, action.name, action.card) };
    case 'method/added': {
      const known = device.methods.some((method) => method.name === action.card.name);
      return known ? device : { ...device, methods: [...device.methods, action.card] };
    }
    case 'method/removed':
      return { ...device, methods: device.methods.filter((method) => method.name !== action.name) };
    case 'device/message-settled':
      return { ...device, inbox: settled(device.inbox, action.key, action.accepted) };
    case 'scenario/opened':
      return { ...device, ...action.scenario };
    case 'device/holds':
      return { ...device, holds: action.holds };
    case 'device/inbox-cleared':
      // What is held is not forgotten: only a decision ends it.
      return { ...device, inbox: device.inbox.filter((message) => message.state === 'held') };
    default: {
      const sensors = reduceSensors(device.sensors, action);
      return sensors === device.sensors ? device : { ...device, sensors };
    }
  }
}

const SWITCHED_OFF: DeviceStatus = { state: 'closed', reason: '', detail: '', retryAt: null };

/** Everything of the old hub is gone; what a hand has set stays. */
function restarted(device: DeviceState, restInterval: number): DeviceState {
  const fresh = firstDevice(device.id);
  const board = boardOf({}, restInterval);
  return {
    ...fresh,
    sensors: device.sensors,
    methods: device.methods,
    holds: device.holds,
    board,
    restInterval,
  };
}

function withSeen(device: DeviceState, seen: JsonObject, seenVersion: number): DeviceState {
  return {
    ...device,
    twin: { ...device.twin, seen, seenVersion },
    board: boardOf(seen, device.restInterval),
  };
}

/** What was held on a connection that is gone can not be answered any more. */
function stillHeld(inbox: DeviceState['inbox'], { state }: DeviceStatus): DeviceState['inbox'] {
  if (state === 'connected' || inbox.every((message) => message.state !== 'held')) return inbox;
  return inbox.map((message) =>
    message.state === 'held' ? { ...message, state: 'lost' as const } : message,
  );
}

function settled(inbox: DeviceState['inbox'], key: string, accepted: boolean): DeviceState['inbox'] {
  const state = accepted ? ('done' as const) : ('left' as const);
  return inbox.map((message) => (message.key === key ? { ...message, state } : message));
}

function withCard(
  methods: readonly MethodCard[],
  name: string,
  card: Partial<MethodCard>,
): readonly MethodCard[] {
  return methods.map((method) => (method.name === name ? { ...method, ...card } : method));
}

function reduceSensors(sensors: readonly Sensor[], action: Action): readonly Sensor[] {
  switch (action.type) {
    case 'sensors/tick':
      return sensors.map((sensor, index) => advance(sensor, action.now, action.noise[index] ?? 0));
    case 'sensor/level':
      return changed(sensors, action.id, (sensor) => withLevel(sensor, action.level));
    case 'sensor/generator':
      return changed(sensors, action.id, (sensor) => ({
        ...sensor,
        generator: action.generator,
        frozen: false,
      }));
    case 'sensor/script':
      return changed(sensors, action.id, (sensor) => ({ ...sensor, script: action.script, memory: 0 }));
    case 'sensor/column':
      return changed(sensors, action.id, (sensor) => ({ ...sensor, column: action.column, memory: 0 }));
    case 'sensor/added':
      return sensors.some((sensor) => sensor.id === action.sensor.id) ? sensors : [...sensors, action.sensor];
    case 'sensor/input':
      return changed(sensors, action.id, (sensor) => measured(sensor, action.value));
    case 'sensor/removed':
      return sensors.filter((sensor) => sensor.id !== action.id);
    case 'sensor/frozen':
      return changed(sensors, action.id, (sensor) => ({ ...sensor, frozen: action.frozen }));
    default:
      return sensors;
  }
}

function changed(
  sensors: readonly Sensor[],
  id: string,
  change: (sensor: Sensor) => Sensor,
): readonly Sensor[] {
  return sensors.map((sensor) => (sensor.id === id ? change(sensor) : sensor));
}
