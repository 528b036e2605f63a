/** Page of the contender `smallest`; see `raw.mjs`. */
import { smallest } from '../raw.mjs';
import { begin } from './begin.js';
import { dial } from './socket.js';

begin((wire) => smallest(dial, wire));
