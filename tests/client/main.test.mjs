/**
 * The suite `client`: every call of the JavaScript API and every row of the link's contract that shows in seconds,
 * in a real Chromium against a real hub. One process, one hub and one browser for all themes; a theme alone is
 * `node tests/client/connect.mjs`. `secrets.mjs` comes last: it searches what the others left behind.
 */
import './connect.mjs';
import './send.mjs';
import './messages.mjs';
import './twins.mjs';
import './methods.mjs';
import './close.mjs';
import './calls.mjs';
import './links.mjs';
import './packets.mjs';
import './errors.mjs';
import './storm.mjs';
import './secrets.mjs';
