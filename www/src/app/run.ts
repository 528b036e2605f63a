/**
 * The session: opens a hub, makes this tab's device in it, listens, and runs the device; on a switch everything of the
 * old hub ends first. Views call the few intents it hands out; `main.tsx` starts it.
 */
import { runDevice } from '../device/session.js';
import type { CloudToDevice, Hub } from '../hub/hub.js';
import { openLocalHub } from '../hub/local-hub.js';
import { problemText } from './problem.js';
import type { Store } from './store.js';

export interface Session {
  open(): Promise<void>;
  sendCloudToDevice(message: CloudToDevice): Promise<void>;
}

export function createSession(store: Store, page: URL): Session {
  let hub: Hub | null = null;
  let life = new AbortController();

  async function open(): Promise<void> {
    life.abort();
    life = new AbortController();
    const { signal } = life;
    store.dispatch({ type: 'hub/opening', kind: 'local' });
    try {
      hub = await openLocalHub(hubAddress(page));
      signal.throwIfAborted();
      store.dispatch({ type: 'hub/opened', place: hub.place });
      hub.listen(
        {
          event: (event) => store.dispatch({ type: 'hub/event', event, at: Date.now() }),
          stream: (stream) => store.dispatch({ type: 'hub/stream', stream }),
        },
        signal,
      );
      const connectionString = await hub.provision(store.device.peek().id);
      await runDevice(connectionString, store, signal);
    } catch (cause) {
      if (signal.aborted) return;
      life.abort();
      store.dispatch({ type: 'hub/failed', problem: problemText(cause) });
    }
  }

  return {
    open,
    sendCloudToDevice: async (message) => {
      if (hub === null) throw new Error('no hub is open');
      await hub.sendCloudToDevice(store.device.peek().id, message);
    },
  };
}

/** The hub that served this page, unless the address names another (`?hub=http://127.0.0.1:4280`). */
function hubAddress(page: URL): URL {
  return new URL(page.searchParams.get('hub') ?? './', page);
}
