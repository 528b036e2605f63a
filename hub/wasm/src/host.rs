//! What the JavaScript side (`npm/hub/hub.js`) does for the hub. These are called while the hub is borrowed, so
//! they only put things into queues; they never call back.

use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// The object that `npm/hub/hub.js` hands over.
    pub type Host;

    /// Bytes for the client of a link, as one frame.
    #[wasm_bindgen(method)]
    pub(crate) fn transmit(this: &Host, link: f64, bytes: js_sys::Uint8Array);

    /// The hub ended a link: the reason's code and sentence, and whether the client reads what came before.
    #[wasm_bindgen(method)]
    pub(crate) fn closed(this: &Host, link: f64, reason: &str, detail: &str, gently: bool);

    /// A direct method has ended: the response to the request that invoked it.
    #[wasm_bindgen(method)]
    pub(crate) fn answered(this: &Host, call: f64, response: JsValue);

    /// There are events after those that were read last.
    #[wasm_bindgen(method)]
    pub(crate) fn happened(this: &Host);

    /// Call `timeout` then (milliseconds of the monotonic clock); never, when undefined.
    #[wasm_bindgen(method)]
    pub(crate) fn wake(this: &Host, at: Option<f64>);
}
