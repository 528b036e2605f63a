//! Reported patches that `npm/durable-object.js` stores until there is a connection.

use crate::errors;
use iothub_device::merge_reported;
use wasm_bindgen::prelude::*;

/// Two patches as one, as JSON text; nothing when they have to be sent one after the other.
///
/// # Errors
/// `[code, message, retryable]` for a patch that the hub would refuse.
#[wasm_bindgen(js_name = mergeReported)]
pub fn merge_stored(earlier: &str, later: &str) -> Result<Option<String>, JsValue> {
    merge_reported(earlier, later).map_err(|error| errors::to_js(&error))
}
