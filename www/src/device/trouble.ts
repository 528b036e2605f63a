/**
 * Trouble that a client makes, not a hub: the same device a second time (a take-over), and a key that is wrong. Real
 * clients of the package do it, so that what is seen is what would happen. The trouble panel calls these.
 */
import { DeviceClient } from 'iothub-wasm';
import { problemText } from '../app/problem.js';
import type { Provisioned } from '../hub/hub.js';

/** A second client takes the link over for the time of one message; the hub closes the first one. */
export async function takeOver({ credentials, options }: Provisioned): Promise<void> {
  await DeviceClient.sendOnce(credentials, [{ body: { takenOver: true } }], options);
}

const WRONG_KEY = btoa('a key that nobody has registered');

/** Knocks with a wrong key; answers what the client makes of the refusal. */
export async function knockWithWrongKey({ credentials, options }: Provisioned): Promise<string> {
  if (typeof credentials !== 'string') throw new Error('these credentials hold no key that could be wrong');
  const wrong = credentials.replace(/SharedAccessKey=[^;]*/, `SharedAccessKey=${WRONG_KEY}`);
  try {
    const device = await DeviceClient.connect(wrong, { ...options, connectTimeout: 10_000 });
    await device.close();
    return 'the hub let it in';
  } catch (cause) {
    return problemText(cause);
  }
}
