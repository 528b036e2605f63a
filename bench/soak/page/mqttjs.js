/** Page of the soak: MQTT.js. `soak` is called by `in-chromium.mjs`. */
import mqtt from 'mqtt';
import { mqttJs } from '../clients.mjs';
import { sendNumbered } from '../send.mjs';

const page = /** @type {any} */ (globalThis);
page.soak = async (/** @type {any} */ wire, /** @type {any} */ pace) =>
  sendNumbered((await mqttJs(mqtt, wire)).send, pace);
