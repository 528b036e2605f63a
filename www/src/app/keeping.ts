/** Keeps the scenario in this browser, and takes one from the address when the page opens. Started by `main.tsx`. */
import { effect } from '@preact/signals';
import { fromFragment } from '../keep/link.js';
import { readScenario, type Scenario, scenarioJson } from '../keep/scenario.js';
import type { Store } from './store.js';

const KEPT_AS = 'iothub-dashboard.scenario';
const WRITES_AFTER_MS = 1_000;

/** The scenario of the link that opened the page, else the one of the last visit. */
export async function openingScenario(fragment: string): Promise<Scenario | null> {
  const linked = await fromFragment(fragment);
  return readScenario(linked ?? stored());
}

export function keepScenario(store: Store): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  // The device changes every second; only a change of what someone has set is worth writing, once a hand rests.
  let latest = stored();
  effect(() => {
    const text = scenarioJson(settings(store.device.value));
    if (text === latest) return;
    latest = text;
    clearTimeout(timer);
    timer = setTimeout(write, WRITES_AFTER_MS, text);
  });
}

function write(text: string): void {
  try {
    localStorage.setItem(KEPT_AS, text);
  } catch {
    // Storage may be full or forbidden; the scenario then lasts as long as the page.
  }
}

/** What someone has set, without what moves by itself. */
export function settings({ sensors, methods }: Scenario): Scenario {
  return { sensors: sensors.map((sensor) => ({ ...sensor, value: sensor.level, memory: 0 })), methods };
}

function stored(): string {
  try {
    return localStorage.getItem(KEPT_AS) ?? '';
  } catch {
    return '';
  }
}
