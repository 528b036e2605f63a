/** Page of the soak: ours. `soak` is called by `in-chromium.mjs`. */
import { DeviceClient } from '../../../pkg/browser.js';
import { ours } from '../clients.mjs';
import { sendNumbered } from '../send.mjs';

const page = /** @type {any} */ (globalThis);
page.soak = async (/** @type {any} */ wire, /** @type {any} */ pace) =>
  sendNumbered((await ours(DeviceClient, wire)).send, pace);
