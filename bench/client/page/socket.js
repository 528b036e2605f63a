/** The page's own WebSocket, as the raw clients of `raw.mjs` use it. */

/** @type {import('../raw.mjs').Dial} */
export async function dial(url) {
  const socket = new WebSocket(url, 'mqtt');
  socket.binaryType = 'arraybuffer';
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = () => reject(new Error('the socket did not open'));
  });
  /** @type {import('../raw.mjs').Socket} */
  const open = {
    send: (bytes) => socket.send(/** @type {Uint8Array<ArrayBuffer>} */ (bytes)),
    close: () => socket.close(),
    heard: () => {},
  };
  socket.onmessage = ({ data }) => open.heard(new Uint8Array(data));
  return open;
}
