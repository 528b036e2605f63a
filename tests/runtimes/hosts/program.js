/** Host for Node, Deno and Bun: prints the results as one line of JSON. */
import * as library from 'iothub-wasm';
import { runBehaviours } from './behaviours.js';

const [hub = ''] = process.argv.slice(2);
console.log(JSON.stringify(await runBehaviours(library, { hub })));
process.exit();
