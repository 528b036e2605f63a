/** Page of the contender `mqttjs`. */
import bundled from 'mqtt';
import { BODY } from '../message.mjs';
import { begin } from './begin.js';

/** Version 5 of tests/tools; what the types know is the version of the official SDK. @type {any} */
const mqtt = bundled;

begin(async ({ url, clientId, userName, password, topic }) => {
  const client = mqtt.connect(url, { clientId, username: userName, password, clean: true, keepalive: 240 });
  await new Promise((resolve, reject) => client.once('connect', resolve).once('error', reject));
  return { send: () => client.publishAsync(topic, BODY, { qos: 1 }), close: () => client.endAsync() };
});
