//! What the JavaScript side implements for a driver (`npm/client.js`).

use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// The object that `npm/client.js` hands to the driver.
    pub type Host;

    /// At the end of this turn the driver's `flush` is called.
    #[wasm_bindgen(method)]
    pub(crate) fn later(this: &Host);

    /// After so many milliseconds, and not when an earlier call said, the driver's `timeout` is called; never when it
    /// is negative.
    #[wasm_bindgen(method)]
    pub(crate) fn wake(this: &Host, ms: i32);

    /// Opens a WebSocket with the subprotocol `mqtt`; what comes of it is told by the driver's `socket_…` methods,
    /// which may be called before this returns.
    #[wasm_bindgen(method)]
    pub(crate) fn open(this: &Host, socket: u32, url: &str);

    /// Writes one frame; the bytes are good until this returns.
    #[wasm_bindgen(method)]
    pub(crate) fn transmit(this: &Host, socket: u32, bytes: &[u8]);

    /// How many bytes the socket still holds.
    #[wasm_bindgen(method)]
    pub(crate) fn buffered(this: &Host, socket: u32) -> f64;

    /// Closes a socket; nothing is told of it any more.
    #[wasm_bindgen(method, js_name = hangUp)]
    pub(crate) fn hang_up(this: &Host, socket: u32);

    /// These sends have ended well; many promises per crossing.
    #[wasm_bindgen(method)]
    pub(crate) fn sent(this: &Host, ops: &[u32]);

    /// A call has ended well: with nothing, with JSON text, or with a version.
    #[wasm_bindgen(method)]
    pub(crate) fn done(this: &Host, op: u32, value: JsValue);

    /// A call has failed: `[code, message, retryable]`.
    #[wasm_bindgen(method)]
    pub(crate) fn failed(this: &Host, op: u32, error: JsValue);

    #[wasm_bindgen(method, js_name = needToken)]
    pub(crate) fn need_token(this: &Host, request: u32, audience: &str, expires_at: f64);

    #[wasm_bindgen(method, js_name = forgetToken)]
    pub(crate) fn forget_token(this: &Host, request: u32);

    #[wasm_bindgen(method)]
    pub(crate) fn status(this: &Host, state: &str, reason: &str, detail: &str, retry_in: Option<f64>);

    #[wasm_bindgen(method)]
    pub(crate) fn message(
        this: &Host,
        delivery: u32,
        input: Option<String>,
        properties: js_sys::Array,
        body: js_sys::Uint8Array,
        dup: bool,
    );

    #[wasm_bindgen(method)]
    pub(crate) fn desired(this: &Host, patch: &str, version: f64, complete: bool);

    #[wasm_bindgen(method)]
    pub(crate) fn method(this: &Host, call: u32, name: &str, payload: &[u8]);

    #[wasm_bindgen(method, js_name = methodGone)]
    pub(crate) fn method_gone(this: &Host, call: u32);

    #[wasm_bindgen(method)]
    pub(crate) fn packet(this: &Host, outgoing: bool, bytes: js_sys::Uint8Array);

    /// The module has panicked and can not be used any more.
    #[wasm_bindgen(method)]
    pub(crate) fn panicked(this: &Host, text: &str);
}
