/** Host for a Node without a WebSocket of its own: the one of `ws` is passed in. */
import * as library from 'iothub-wasm';
import { WebSocket } from 'ws';
import { runBehaviours } from './behaviours.js';

const [hub = ''] = process.argv.slice(2);
console.log(JSON.stringify(await runBehaviours(library, { hub, options: { WebSocket } })));
process.exit();
