/** Page of the contender `frames`; see `raw.mjs`. */
import { rawFrames } from '../raw.mjs';
import { begin } from './begin.js';
import { dial } from './socket.js';

begin((wire) => rawFrames(dial, wire));
