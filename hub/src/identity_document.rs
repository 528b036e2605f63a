//! The JSON document of an identity, both ways: what a service sends, and what the registry answers.

use crate::record::{Authentication, Record};
use crate::rng::Rng;
use iothub_protocol::identity::Identity;
use iothub_protocol::limits;
use iothub_protocol::sas::Key;
use iothub_protocol::service_error::{ErrorCode, ServiceError};
use iothub_protocol::time::format_round_trip;
use serde_json::{Value, json};

/// A time that was never set.
const NEVER: &str = "0001-01-01T00:00:00Z";

/// What a service asks for in a document.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    kind: Option<String>,
    keys: [Option<Key>; 2],
    thumbprints: [Option<String>; 2],
    enabled: Option<bool>,
    status_reason: Option<String>,
    iot_edge: Option<bool>,
    managed_by: Option<String>,
}

impl Wanted {
    /// Reads a document and checks what it says against the address it was sent to.
    pub(crate) fn read(identity: &Identity, document: &Value) -> Result<Self, ServiceError> {
        if !document.is_object() {
            return Err(ServiceError::new(ErrorCode::DeserializationError, "the body is a JSON object"));
        }
        for (field, wanted) in
            [("deviceId", Some(identity.device_id.as_str())), ("moduleId", identity.module())]
        {
            if document[field].as_str().is_some_and(|given| Some(given) != wanted) {
                let text = format!("\"{field}\" in the body is not the id in the address");
                return Err(ServiceError::new(ErrorCode::ArgumentInvalid, text));
            }
        }
        let authentication = &document["authentication"];
        let symmetric = &authentication["symmetricKey"];
        let x509 = &authentication["x509Thumbprint"];
        Ok(Self {
            kind: text(&authentication["type"]),
            keys: [key(&symmetric["primaryKey"])?, key(&symmetric["secondaryKey"])?],
            thumbprints: [thumbprint(&x509["primaryThumbprint"])?, thumbprint(&x509["secondaryThumbprint"])?],
            enabled: status(&document["status"])?,
            status_reason: text(&document["statusReason"]),
            iot_edge: document["capabilities"]["iotEdge"].as_bool(),
            managed_by: text(&document["managedBy"]),
        })
    }

    /// How the identity shall prove itself. Keys that are not given are kept from before or made up.
    pub(crate) fn authentication(&self, before: Option<&Authentication>, rng: &mut Rng) -> Authentication {
        let kind = match &self.kind {
            Some(kind) => kind.as_str(),
            None if self.thumbprints.iter().any(Option::is_some) => "selfSigned",
            None => before.map_or("sas", Authentication::name),
        };
        let [primary, secondary] = self.thumbprints.clone();
        match kind {
            "selfSigned" => Authentication::SelfSigned { primary, secondary },
            "certificateAuthority" => Authentication::CertificateAuthority,
            "none" => Authentication::None,
            _ => {
                let (old_primary, old_secondary) = match before {
                    Some(Authentication::Sas { primary, secondary }) => (Some(primary), Some(secondary)),
                    _ => (None, None),
                };
                let [primary, secondary] = &self.keys;
                let mut choose = |given: &Option<Key>, old: Option<&Key>| {
                    given.clone().or_else(|| old.cloned()).unwrap_or_else(|| rng.key())
                };
                Authentication::Sas {
                    primary: choose(primary, old_primary),
                    secondary: choose(secondary, old_secondary),
                }
            }
        }
    }

    /// The rest of the document.
    pub(crate) fn apply(self, record: &mut Record, wall_ms: u64) {
        if let Some(enabled) = self.enabled.filter(|enabled| *enabled != record.enabled) {
            record.enabled = enabled;
            record.status_updated_ms = Some(wall_ms);
        }
        record.status_reason = self.status_reason;
        record.iot_edge = self.iot_edge.unwrap_or(record.iot_edge);
        record.managed_by = self.managed_by.or_else(|| record.managed_by.take());
    }
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// Empty and absent both mean: make one.
fn key(value: &Value) -> Result<Option<Key>, ServiceError> {
    let Some(given) = value.as_str().filter(|given| !given.is_empty()) else { return Ok(None) };
    let bad = |text: String| ServiceError::new(ErrorCode::ArgumentInvalid, text);
    let key = Key::from_base64(given).map_err(|error| bad(error.to_string()))?;
    if !(limits::KEY_BYTES_MIN..=limits::KEY_BYTES_MAX).contains(&key.byte_len()) {
        return Err(bad(format!("a key has 16 to 64 bytes before base64, this one has {}", key.byte_len())));
    }
    Ok(Some(key))
}

fn thumbprint(value: &Value) -> Result<Option<String>, ServiceError> {
    let Some(given) = value.as_str().filter(|given| !given.is_empty()) else { return Ok(None) };
    let hex = given.bytes().all(|b| b.is_ascii_hexdigit()) && matches!(given.len(), 40 | 64);
    if !hex {
        let text =
            "a thumbprint is the 40 (SHA-1) or 64 (SHA-256) hexadecimal digits of a certificate's hash";
        return Err(ServiceError::new(ErrorCode::ArgumentInvalid, text));
    }
    Ok(Some(given.to_ascii_uppercase()))
}

fn status(value: &Value) -> Result<Option<bool>, ServiceError> {
    match value.as_str().map(str::to_ascii_lowercase).as_deref() {
        None => Ok(None),
        Some("enabled") => Ok(Some(true)),
        Some("disabled") => Ok(Some(false)),
        Some(other) => {
            let text = format!("status is \"{other}\", it must be enabled or disabled");
            Err(ServiceError::new(ErrorCode::ArgumentInvalid, text))
        }
    }
}

/// A time as the registry writes it.
pub(crate) fn moment(ms: Option<u64>) -> String {
    ms.map_or_else(|| NEVER.to_owned(), |ms| format_round_trip(ms.cast_signed()))
}

/// The document of an identity.
pub(crate) fn write(record: &Record) -> Value {
    let connected = if record.link.is_some() { "Connected" } else { "Disconnected" };
    let mut document = json!({
        "deviceId": record.identity.device_id,
        "generationId": record.generation_id,
        "etag": record.etag_text(),
        "connectionState": connected,
        "connectionStateUpdatedTime": moment(record.connection_updated_ms),
        "lastActivityTime": moment(record.last_activity_ms),
        "cloudToDeviceMessageCount": record.queue.len(),
        "authentication": authentication(&record.authentication),
    });
    let rest = match &record.identity.module_id {
        Some(module) => json!({ "moduleId": module, "managedBy": record.managed_by }),
        None => json!({
            "status": if record.enabled { "enabled" } else { "disabled" },
            "statusReason": record.status_reason,
            "statusUpdatedTime": moment(record.status_updated_ms),
            "capabilities": { "iotEdge": record.iot_edge },
        }),
    };
    if let (Value::Object(document), Value::Object(rest)) = (&mut document, rest) {
        document.extend(rest);
    }
    document
}

fn authentication(authentication: &Authentication) -> Value {
    let (keys, prints) = match authentication {
        Authentication::Sas { primary, secondary } => {
            let text = |key: &Key| key.to_base64().expose().to_owned();
            ((Some(text(primary)), Some(text(secondary))), (None, None))
        }
        Authentication::SelfSigned { primary, secondary } => {
            ((None, None), (primary.clone(), secondary.clone()))
        }
        _ => ((None, None), (None, None)),
    };
    json!({
        "symmetricKey": { "primaryKey": keys.0, "secondaryKey": keys.1 },
        "x509Thumbprint": { "primaryThumbprint": prints.0, "secondaryThumbprint": prints.1 },
        "type": authentication.name(),
    })
}
