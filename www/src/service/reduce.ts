/** How the service's side of the state changes. Pure; called by `app/reduce.ts`. */
import type { Action } from '../app/action.js';
import type { HubEvent, TelemetryEvent } from '../hub/hub-event.js';
import { withFeedback, withOutcome } from './outcomes.js';
import { appended } from './series.js';
import { firstService, RECORDED_KEEPS, type ServiceState, TELEMETRY_KEEPS } from './state.js';

export function reduceService(service: ServiceState, action: Action, ownId: string): ServiceState {
  switch (action.type) {
    case 'hub/opening':
      if (action.again) return { ...service, twin: null, link: firstService().link };
      return { ...firstService(), scope: service.scope };
    case 'hub/asked':
      return { ...firstService(), scope: service.scope };
    case 'hub/event':
      return withEvent(service, action.event, ownId);
    case 'service/twin':
      return { ...service, twin: action.twin };
    case 'service/scope':
      return { ...service, scope: action.scope };
    case 'service/cleared':
      return { ...service, telemetry: [], series: firstService().series };
    default:
      return service;
  }
}

function withEvent(service: ServiceState, event: HubEvent, ownId: string): ServiceState {
  const own = event.deviceId === ownId;
  if (event.type === 'telemetry') return withTelemetry(service, event, own);
  if (event.type === 'connection' && own) {
    return { ...service, link: { connected: event.state === 'connected', reason: event.reason } };
  }
  if (event.type === 'c2d' && own)
    return { ...service, outcomes: withOutcome(service.outcomes, event.detail) };
  if (event.type === 'feedback')
    return { ...service, outcomes: withFeedback(service.outcomes, event.detail) };
  return service;
}

function withTelemetry(service: ServiceState, event: TelemetryEvent, own: boolean): ServiceState {
  const telemetry = [event, ...service.telemetry].slice(0, TELEMETRY_KEEPS);
  if (!own) return { ...service, telemetry };
  const body = 'text' in event.body ? event.body.text : '';
  const again = event.properties['mqtt-dup'] !== undefined && service.recorded.some(sameMessage(event));
  const series = again ? service.series : appended(service.series, measuredAt(event) / 1000, body);
  const recorded = [...service.recorded, event].slice(-RECORDED_KEEPS);
  return { ...service, telemetry, series, recorded, received: service.received + 1 };
}

/** A message that was sent again may arrive twice; it is drawn once. */
function sameMessage({ systemProperties }: TelemetryEvent): (other: TelemetryEvent) => boolean {
  const id = systemProperties['message-id'];
  return (other) => id !== undefined && other.systemProperties['message-id'] === id;
}

/** When the device made the message; a device that does not say so is taken to have sent it at once. */
function measuredAt({ at, systemProperties }: TelemetryEvent): number {
  const made = Date.parse(systemProperties['iothub-creation-time-utc'] ?? '');
  return Number.isNaN(made) ? Date.parse(at) : made;
}
