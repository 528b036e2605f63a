/** What a test page of `BrowserWorld` has as globals: the package, loaded by its browser entry. */
declare const iothub: typeof import('iothub-wasm');
