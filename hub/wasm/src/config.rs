//! The options of a hub in a page, JSON text, read into the core's configuration. Unknown ones are refused.

use iothub_hub::{FIRST_DEVICE, FIRST_DEVICE_KEY, HubConfig};
use iothub_protocol::sas::Key;
use serde_json::Value;

const KNOWN: [&str; 7] = [
    "sasSkewSeconds",
    "sasGraceSeconds",
    "lenient",
    "firstDevice",
    "eventsKept",
    "countRedeliveries",
    "hostName",
];

/// Reads the options.
///
/// # Errors
/// A sentence that names the option.
pub(crate) fn read(text: &str) -> Result<HubConfig, String> {
    let options: Value = serde_json::from_str(text).map_err(|e| format!("the options are no JSON: {e}"))?;
    let fields = options.as_object().ok_or("the options are an object")?;
    if let Some(name) = fields.keys().find(|name| !KNOWN.contains(&name.as_str())) {
        return Err(format!("the hub has no option \"{name}\"; it has {}", KNOWN.join(", ")));
    }
    let mut config = HubConfig::default();
    if let Some(seconds) = options["sasSkewSeconds"].as_u64() {
        config.sas_skew_ms = seconds.saturating_mul(1000);
    }
    if let Some(seconds) = options["sasGraceSeconds"].as_u64() {
        config.sas_grace_ms = seconds.saturating_mul(1000);
    }
    if let Some(host) = options["hostName"].as_str() {
        config.host_names.insert(0, host.to_owned());
    }
    if let Some(kept) = options["eventsKept"].as_u64() {
        config.events_kept = usize::try_from(kept).unwrap_or(usize::MAX);
    }
    config.switches.lenient = options["lenient"].as_bool().unwrap_or(false);
    config.switches.count_redeliveries = options["countRedeliveries"].as_bool().unwrap_or(false);
    match &options["firstDevice"] {
        Value::Null => {}
        Value::Bool(false) => config.first_device = None,
        Value::String(id) => {
            config.first_device = Key::from_base64(FIRST_DEVICE_KEY).ok().map(|key| (id.clone(), key));
        }
        _ => return Err(format!("firstDevice is an id such as \"{FIRST_DEVICE}\", or false for none")),
    }
    Ok(config)
}
