// A device in Node 22 or later: node device.mjs "HostName=…;DeviceId=…;SharedAccessKey=…"
import { DeviceClient } from 'iothub-wasm';

const device = await DeviceClient.connect(process.argv[2] ?? '');
console.log(device.state);
device.addEventListener('message', ({ message }) => console.log('message', message.text()));
device.addEventListener('desired', ({ patch, version }) => console.log('desired', version, patch));

const stopped = new Promise((resolve) => {
  device.onMethod('stop', () => {
    setTimeout(resolve); // after the answer
    return { status: 200, payload: { stopping: true } };
  });
});
const send = () => device.send({ body: { temperature: 20 + Math.random() } });
await send();
const timer = setInterval(() => send().catch(console.error), 10_000);
await stopped;
clearInterval(timer);
await device.close();
