//! Reported patches that `npm/durable-object.js` stores until there is a connection.

use iothub_device::merge_reported;
use wasm_bindgen::prelude::*;

/// Two patches as one, as JSON text; nothing when they have to be sent one after the other.
#[wasm_bindgen(js_name = mergeReported)]
#[must_use]
pub fn merge_stored(earlier: &str, later: &str) -> Option<String> {
    merge_reported(earlier, later)
}
