/** What a test page of `BrowserWorld` has as globals: the package, loaded by its browser entry. */
declare const iothub: typeof import('iothub-wasm');
/** The sockets of a page of `early.test.mjs`, and the client that it makes. */
declare const sockets: WebSocket[];
declare const connecting: Promise<import('iothub-wasm').DeviceClient>;
/** The hub of `hub-in-page.test.mjs`, loaded by its browser entry. */
declare const iothubHub: typeof import('iothub-wasm/hub');
