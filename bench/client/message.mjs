/** The message that every client of the bench sends: 256 bytes and three properties. For Node and for pages. */
export const BODY = new Uint8Array(256).fill(109);
export const PROPERTIES = { level: 'storage', room: 'kitchen 1', run: '20261121' };
/** The same properties as they stand in a topic. */
export const BAG = 'level=storage&room=kitchen%201&run=20261121';
