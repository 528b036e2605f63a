//! The JSON document of an identity, both ways: what a service sends, and what the registry answers.

use crate::fields::Fields;
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
    kind: Option<&'static str>,
    keys: [Option<Key>; 2],
    thumbprints: [Option<String>; 2],
    enabled: Option<bool>,
    status_reason: Option<String>,
    iot_edge: Option<bool>,
    managed_by: Option<String>,
    device_scope: Option<String>,
    parent_scopes: Vec<String>,
}

/// The fields of an identity's document, as `/local` takes it. Microsoft's REST takes any others too, and ignores
/// them.
pub(crate) const FIELDS: [&str; 16] = [
    "deviceId",
    "moduleId",
    "etag",
    "generationId",
    "status",
    "statusReason",
    "statusUpdatedTime",
    "connectionState",
    "connectionStateUpdatedTime",
    "lastActivityTime",
    "cloudToDeviceMessageCount",
    "authentication",
    "capabilities",
    "managedBy",
    "deviceScope",
    "parentScopes",
];

/// Refuses what no document of an identity has, on every level.
pub(crate) fn check_names(document: &Value, known: &[&str]) -> Result<(), ServiceError> {
    let fields = Fields::of("an identity", document)?;
    fields.only(known)?;
    let authentication = fields.below("authentication")?;
    authentication.only(&["type", "symmetricKey", "x509Thumbprint"])?;
    authentication.below("symmetricKey")?.only(&["primaryKey", "secondaryKey"])?;
    authentication.below("x509Thumbprint")?.only(&["primaryThumbprint", "secondaryThumbprint"])?;
    fields.below("capabilities")?.only(&["iotEdge"])
}

impl Wanted {
    /// Reads a document and checks what it says against the address it was sent to.
    pub(crate) fn read(identity: &Identity, document: &Value) -> Result<Self, ServiceError> {
        let fields = Fields::of("an identity", document)?;
        for (field, wanted) in
            [("deviceId", Some(identity.device_id.as_str())), ("moduleId", identity.module())]
        {
            if fields.text(field)?.is_some_and(|given| Some(given) != wanted) {
                return Err(bad(format!("\"{field}\" in the body is not the id in the address")));
            }
        }
        let authentication = fields.below("authentication")?;
        let symmetric = authentication.below("symmetricKey")?;
        let x509 = authentication.below("x509Thumbprint")?;
        let scopes = fields.list("parentScopes")?.iter().map(|scope| scope.as_str().map(str::to_owned));
        let scopes: Option<Vec<String>> = scopes.collect();
        Ok(Self {
            kind: kind(authentication.text("type")?)?,
            keys: [key(symmetric.text("primaryKey")?)?, key(symmetric.text("secondaryKey")?)?],
            thumbprints: [
                thumbprint(x509.text("primaryThumbprint")?)?,
                thumbprint(x509.text("secondaryThumbprint")?)?,
            ],
            enabled: status(fields.text("status")?)?,
            status_reason: fields.text("statusReason")?.map(str::to_owned),
            iot_edge: fields.below("capabilities")?.flag("iotEdge")?,
            managed_by: fields.text("managedBy")?.map(str::to_owned),
            device_scope: fields.text("deviceScope")?.filter(|s| !s.is_empty()).map(str::to_owned),
            parent_scopes: scopes.ok_or_else(|| bad("\"parentScopes\" is a list of strings"))?,
        })
    }

    /// How the identity shall prove itself. Keys and thumbprints that are not given are kept from before; keys are
    /// made up else.
    pub(crate) fn authentication(
        &self,
        before: Option<&Authentication>,
        rng: &mut Rng,
    ) -> Result<Authentication, ServiceError> {
        let by_thumbprint = self.thumbprints.iter().any(Option::is_some);
        let kind = match self.kind {
            Some(kind) => kind,
            None if by_thumbprint => "selfSigned",
            None => before.map_or("sas", Authentication::name),
        };
        match (kind, before) {
            ("selfSigned", Some(before @ Authentication::SelfSigned { .. })) if !by_thumbprint => {
                Ok(before.clone())
            }
            ("selfSigned", _) if !by_thumbprint => Err(bad(
                "\"authentication\" has type selfSigned and no x509Thumbprint: give it a primaryThumbprint",
            )),
            ("selfSigned", _) => {
                let [primary, secondary] = self.thumbprints.clone();
                Ok(Authentication::SelfSigned { primary, secondary })
            }
            ("certificateAuthority", _) => Ok(Authentication::CertificateAuthority),
            ("none", _) => Ok(Authentication::None),
            (_, before) => {
                let (old_primary, old_secondary) = match before {
                    Some(Authentication::Sas { primary, secondary }) => (Some(primary), Some(secondary)),
                    _ => (None, None),
                };
                let [primary, secondary] = &self.keys;
                let mut choose = |given: &Option<Key>, old: Option<&Key>| {
                    given.clone().or_else(|| old.cloned()).unwrap_or_else(|| rng.key())
                };
                Ok(Authentication::Sas {
                    primary: choose(primary, old_primary),
                    secondary: choose(secondary, old_secondary),
                })
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
        record.device_scope = self.device_scope.or_else(|| record.device_scope.take());
        if !self.parent_scopes.is_empty() {
            record.parent_scopes = self.parent_scopes;
        }
        if record.iot_edge && record.device_scope.is_none() {
            let (device, generation) = (&record.identity.device_id, &record.generation_id);
            record.device_scope = Some(format!("ms-azure-iot-edge://{device}-{generation}"));
        }
    }
}

fn bad(text: impl Into<String>) -> ServiceError {
    ServiceError::new(ErrorCode::ArgumentInvalid, text)
}

/// The four ways to prove oneself, read without regard to case as the registry does.
fn kind(given: Option<&str>) -> Result<Option<&'static str>, ServiceError> {
    const KINDS: [&str; 4] = ["sas", "selfSigned", "certificateAuthority", "none"];
    let Some(given) = given else { return Ok(None) };
    match KINDS.iter().find(|kind| kind.eq_ignore_ascii_case(given)) {
        Some(kind) => Ok(Some(kind)),
        None => Err(bad(format!(
            "the type of \"authentication\" is \"{given}\", it is one of {}",
            KINDS.join(", ")
        ))),
    }
}

/// Empty and absent both mean: make one.
fn key(given: Option<&str>) -> Result<Option<Key>, ServiceError> {
    let Some(given) = given.filter(|given| !given.is_empty()) else { return Ok(None) };
    let key = Key::from_base64(given).map_err(|error| bad(error.to_string()))?;
    if !(limits::KEY_BYTES_MIN..=limits::KEY_BYTES_MAX).contains(&key.byte_len()) {
        return Err(bad(format!("a key has 16 to 64 bytes before base64, this one has {}", key.byte_len())));
    }
    Ok(Some(key))
}

fn thumbprint(given: Option<&str>) -> Result<Option<String>, ServiceError> {
    let Some(given) = given.filter(|given| !given.is_empty()) else { return Ok(None) };
    let hex = given.bytes().all(|b| b.is_ascii_hexdigit()) && matches!(given.len(), 40 | 64);
    if !hex {
        return Err(bad(
            "a thumbprint is the 40 (SHA-1) or 64 (SHA-256) hexadecimal digits of a certificate's hash",
        ));
    }
    Ok(Some(given.to_ascii_uppercase()))
}

fn status(given: Option<&str>) -> Result<Option<bool>, ServiceError> {
    match given.map(str::to_ascii_lowercase).as_deref() {
        None => Ok(None),
        Some("enabled") => Ok(Some(true)),
        Some("disabled") => Ok(Some(false)),
        Some(other) => Err(bad(format!("status is \"{other}\", it must be enabled or disabled"))),
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
        if let Some(scope) = &record.device_scope {
            document.insert("deviceScope".to_owned(), json!(scope));
        }
        if !record.parent_scopes.is_empty() {
            document.insert("parentScopes".to_owned(), json!(record.parent_scopes));
        }
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
