//! A small reading for pages that explain: a connection string checked. No secrets go out.

use crate::errors;
use iothub_device::{Config, Credentials};
use iothub_protocol::json::{Json, Object};
use wasm_bindgen::prelude::*;

/// Checks a device connection string and gives its parts, without the key, as JSON text.
///
/// # Errors
/// `[code, message, retryable]` that names what is wrong and what to do.
#[wasm_bindgen(js_name = parseConnectionString)]
pub fn parse_connection_string(text: &str) -> Result<String, JsValue> {
    let config = Config::from_connection_string(text).map_err(|error| errors::to_js(&error))?;
    let has = if matches!(config.credentials, Credentials::Key(_)) { "key" } else { "sas" };
    let mut parts = Object::default();
    let port = config.local_port.map(|port| u32::from(port).to_string());
    let url = config.url();
    for (name, part) in [
        ("host", Some(config.host)),
        ("deviceId", Some(config.identity.device_id)),
        ("moduleId", config.identity.module_id),
        ("gatewayHost", config.gateway_host),
        ("credential", Some(has.to_owned())),
        ("url", Some(url)),
    ] {
        if let Some(part) = part {
            parts.insert(name, Json::String(part));
        }
    }
    parts.insert("useLocalHub", Json::Bool(port.is_some()));
    if let Some(port) = port {
        parts.insert("port", Json::Number(port));
    }
    Ok(parts.to_text())
}
