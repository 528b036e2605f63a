/** Holds the state in a signal and hands out its parts. Views import `parts` and `dispatch`; the session does too. */
import { computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { Action } from './action.js';
import { reduce } from './reduce.js';
import type { State } from './state.js';

export interface Store {
  readonly page: ReadonlySignal<State['page']>;
  readonly hub: ReadonlySignal<State['hub']>;
  readonly device: ReadonlySignal<State['device']>;
  readonly service: ReadonlySignal<State['service']>;
  readonly fleet: ReadonlySignal<State['fleet']>;
  readonly wire: ReadonlySignal<State['wire']>;
  dispatch(action: Action): void;
}

export function createStore(first: State): Store {
  const state: Signal<State> = signal(first);
  return {
    page: computed(() => state.value.page),
    hub: computed(() => state.value.hub),
    device: computed(() => state.value.device),
    service: computed(() => state.value.service),
    fleet: computed(() => state.value.fleet),
    wire: computed(() => state.value.wire),
    dispatch: (action) => {
      state.value = reduce(state.peek(), action);
    },
  };
}
