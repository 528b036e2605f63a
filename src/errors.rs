//! Errors on their way to JavaScript: `npm/errors.js` makes an `IotHubError` of the triple.

use iothub_device::Error;
use wasm_bindgen::JsValue;

/// `[code, message, retryable]`.
pub(crate) fn to_js(error: &Error) -> JsValue {
    js_sys::Array::of3(
        &JsValue::from_str(error.code.as_str()),
        &JsValue::from_str(&error.message),
        &JsValue::from_bool(error.code.retryable()),
    )
    .into()
}
