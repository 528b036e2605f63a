/** Host for a page, a dedicated and a shared worker: posts the results to where it came from. */
import { runBehaviours } from './behaviours.js';

const { hub = '', entry = '' } = Object.fromEntries(new URL(location.href).searchParams);
const results = await runBehaviours(await import(entry), { hub });
await fetch('/report', { method: 'POST', body: JSON.stringify(results) });
