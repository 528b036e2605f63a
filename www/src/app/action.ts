/** Everything that can happen to the page's state. Views and the session dispatch these; the reducers answer them. */
import type { DeviceStatus, LinkMetrics, ReceivedMessage } from '../device/state.js';
import type { FleetState } from '../fleet/state.js';
import type { HubKind, ServiceTwin, StreamState } from '../hub/hub.js';
import type { HubEvent } from '../hub/hub-event.js';
import type { Scenario } from '../keep/scenario.js';
import type { MethodCall, MethodCard } from '../methods/method.js';
import type { Generator, Sensor } from '../sensors/sensor.js';
import type { Language } from '../text/text.js';
import type { JsonObject } from '../twin/json.js';
import type { Theme } from './state.js';

export type Action =
  | { readonly type: 'page/language'; readonly language: Language }
  | { readonly type: 'page/theme'; readonly theme: Theme }
  | { readonly type: 'hub/opening'; readonly kind: HubKind; readonly again: boolean }
  | {
      readonly type: 'hub/opened';
      readonly place: string;
      readonly deviceId: string;
      readonly service: boolean;
    }
  | { readonly type: 'hub/asked' }
  | { readonly type: 'hub/failed'; readonly problem: string }
  | { readonly type: 'hub/stream'; readonly stream: StreamState }
  | { readonly type: 'hub/event'; readonly event: HubEvent; readonly at: number }
  | { readonly type: 'device/status'; readonly status: DeviceStatus; readonly at: number }
  | { readonly type: 'device/sent' }
  | { readonly type: 'device/acknowledged'; readonly roundTripMs: number }
  | { readonly type: 'device/send-failed'; readonly problem: string }
  | { readonly type: 'device/message'; readonly message: ReceivedMessage }
  | { readonly type: 'device/message-settled'; readonly key: string; readonly accepted: boolean }
  | { readonly type: 'device/holds'; readonly holds: boolean }
  | { readonly type: 'device/inbox-cleared' }
  | {
      readonly type: 'device/packet';
      readonly outgoing: boolean;
      readonly bytes: Uint8Array;
      readonly at: number;
    }
  | {
      readonly type: 'device/twin';
      readonly desired: JsonObject;
      readonly reported: JsonObject;
      readonly version: number;
    }
  | { readonly type: 'device/desired'; readonly patch: JsonObject; readonly version: number }
  | { readonly type: 'device/reported'; readonly patch: JsonObject }
  | { readonly type: 'device/metrics'; readonly metrics: LinkMetrics }
  | { readonly type: 'device/called'; readonly call: MethodCall }
  | { readonly type: 'method/changed'; readonly name: string; readonly card: Partial<MethodCard> }
  | { readonly type: 'method/added'; readonly card: MethodCard }
  | { readonly type: 'method/removed'; readonly name: string }
  | { readonly type: 'service/twin'; readonly twin: ServiceTwin }
  | { readonly type: 'fleet/started'; readonly size: number }
  | { readonly type: 'fleet/stopped' }
  | { readonly type: 'fleet/measured'; readonly measure: Partial<FleetState> }
  | { readonly type: 'fleet/chosen'; readonly index: number }
  | { readonly type: 'scenario/opened'; readonly scenario: Scenario }
  | { readonly type: 'wire/cleared' }
  | { readonly type: 'sensors/tick'; readonly now: number; readonly noise: readonly number[] }
  | { readonly type: 'sensor/level'; readonly id: string; readonly level: number }
  | { readonly type: 'sensor/generator'; readonly id: string; readonly generator: Generator }
  | { readonly type: 'sensor/script'; readonly id: string; readonly script: string }
  | { readonly type: 'sensor/column'; readonly id: string; readonly column: string }
  | { readonly type: 'sensor/added'; readonly sensor: Sensor }
  | { readonly type: 'sensor/input'; readonly id: string; readonly value: number }
  | { readonly type: 'sensor/removed'; readonly id: string }
  | { readonly type: 'sensor/frozen'; readonly id: string; readonly frozen: boolean }
  | { readonly type: 'service/scope'; readonly scope: 'device' | 'all' }
  | { readonly type: 'service/cleared' };
