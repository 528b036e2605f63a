// A device in Node 22 or later: node device.mjs "HostName=…;DeviceId=…;SharedAccessKey=…"
import { DeviceClient } from 'iothub-wasm';

const device = await DeviceClient.connect(process.argv[2] ?? '');
console.log(device.state);
device.addEventListener('message', ({ message }) => console.log('message', message.text()));
device.addEventListener('desired', ({ patch, version }) => console.log('desired', version, patch));

// Ends on Ctrl-C, or when the service calls the method "stop".
const stopped = new Promise((resolve) => {
  process.once('SIGINT', resolve);
  device.onMethod('stop', () => {
    setTimeout(resolve); // after the answer
    return { status: 200, payload: { stopping: true } };
  });
});
let sent = 0;
const send = async () => {
  await device.send({ body: { temperature: 20 + Math.random() } });
  sent += 1;
  console.log('sent', sent);
};
await send();
const timer = setInterval(() => send().catch(console.error), 10_000);
await stopped;
clearInterval(timer);
await device.close();
