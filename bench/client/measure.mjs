/**
 * The client's bench: Node, then Chromium, against one release hub; and what each client weighs. Called by
 * `npm run bench -- client`.
 */
import { startHub } from '../../tests/hub-process.mjs';
import { measureInChromium } from './chromium.mjs';
import { measureInNode } from './node.mjs';

/**
 * @param {{ hub: string, rounds: number, messages: number }} setting
 * @returns {Promise<{ node: import('./node.mjs').Figures, chromium: import('./node.mjs').Figures, chromiumVersion: string }>}
 */
export async function measureClient({ hub: binary, rounds, messages }) {
  process.env.IOTHUB_LOCAL_LOG = 'error';
  const hub = await startHub({ binary });
  const device = hub.ready.devices[0].connectionString;
  try {
    const node = await measureInNode({ device, rounds, messages });
    return { node, ...(await measureInChromium({ device, rounds, messages })) };
  } finally {
    await hub.stop();
  }
}
