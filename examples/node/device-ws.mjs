// A device in Node 20, which has no WebSocket of its own: pass the one of `ws` (npm install ws).
import { DeviceClient } from 'iothub-wasm';
import { WebSocket } from 'ws';

const device = await DeviceClient.connect(process.argv[2] ?? '', { WebSocket });
await device.send({ body: { temperature: 21.5 } });
await device.close();
