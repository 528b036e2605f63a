/** Page of the contender `floor`; see `raw.mjs`. */
import { rawCoalesced } from '../raw.mjs';
import { begin } from './begin.js';
import { dial } from './socket.js';

begin((wire) => rawCoalesced(dial, wire));
