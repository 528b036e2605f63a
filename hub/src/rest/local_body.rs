//! The bodies of `/local` calls: cloud-to-device messages and faults.

use crate::c2d::C2dMessage;
use crate::clock::Now;
use crate::fault::{Fault, FaultKind, Standing};
use crate::fields::Fields;
use crate::queue::Ack;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use iothub_protocol::service_error::{ErrorCode, ServiceError};
use iothub_protocol::time::parse_millis;
use serde_json::{Value, json};

pub(super) fn bad(text: impl Into<String>) -> ServiceError {
    ServiceError::new(ErrorCode::ArgumentInvalid, text)
}

/// `{"body" or "bodyBase64", "messageId"?, "correlationId"?, "userId"?, "contentType"?, "contentEncoding"?,
/// "expiryTimeUtc"?, "ack"?, "properties"?}`.
pub(super) fn read_message(value: &Value) -> Result<C2dMessage, ServiceError> {
    const FIELDS: [&str; 10] = [
        "body",
        "bodyBase64",
        "messageId",
        "correlationId",
        "userId",
        "contentType",
        "contentEncoding",
        "expiryTimeUtc",
        "ack",
        "properties",
    ];
    let fields = Fields::of("a message", value)?;
    fields.only(&FIELDS)?;
    let text = |name: &str| Ok::<_, ServiceError>(fields.text(name)?.map(str::to_owned));
    let ack = match text("ack")? {
        None => Ack::None,
        Some(name) => Ack::parse(&name).ok_or_else(|| bad("ack is none, positive, negative or full"))?,
    };
    let expiry_ms = match text("expiryTimeUtc")? {
        None => None,
        Some(at) => {
            let ms = parse_millis(&at).and_then(|ms| u64::try_from(ms).ok());
            Some(ms.ok_or_else(|| bad("expiryTimeUtc is a time such as 2030-01-01T00:00:00Z"))?)
        }
    };
    Ok(C2dMessage {
        body: read_body(value)?,
        message_id: text("messageId")?,
        correlation_id: text("correlationId")?,
        user_id: text("userId")?,
        content_type: text("contentType")?,
        content_encoding: text("contentEncoding")?,
        expiry_ms,
        ack,
        properties: read_properties(&value["properties"])?,
    })
}

fn read_body(value: &Value) -> Result<Vec<u8>, ServiceError> {
    match (&value["body"], &value["bodyBase64"]) {
        (Value::String(text), Value::Null) => Ok(text.clone().into_bytes()),
        (Value::Null, Value::String(text)) => {
            STANDARD.decode(text).map_err(|_| bad("bodyBase64 is not base64"))
        }
        (Value::Null, Value::Null) => Ok(Vec::new()),
        (Value::Null, _) => Err(bad("bodyBase64 is a string")),
        // Anything else that is JSON is sent as JSON text.
        (json, Value::Null) => Ok(json.to_string().into_bytes()),
        _ => Err(bad("body and bodyBase64 exclude each other")),
    }
}

/// `null` is a property without a value, which is not an empty value.
fn read_properties(value: &Value) -> Result<Vec<(String, Option<String>)>, ServiceError> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| match value {
                Value::String(text) => Ok((name.clone(), Some(text.clone()))),
                Value::Null => Ok((name.clone(), None)),
                Value::Number(_) | Value::Bool(_) => Ok((name.clone(), Some(value.to_string()))),
                _ => Err(bad(format!("property \"{name}\" is a string, a number, a boolean or null"))),
            })
            .collect(),
        _ => Err(bad("properties is an object")),
    }
}

/// An hour: more is no delay, and a fault that stands for ever has no `forMs`.
const FAULT_MS_MAX: u64 = 3_600_000;

/// `{"kind", "deviceId"?, "moduleId"?, "count"?, "forMs"?, "ms"?, "closeAfterMs"?, "code"?}`.
pub(super) fn read_fault(value: &Value) -> Result<Fault, ServiceError> {
    let name = Fields::of("a fault", value)?.text("kind")?.unwrap_or("");
    let fields = Fields::of(&format!("a {name} fault"), value)?;
    let ms = fields.count("ms", FAULT_MS_MAX)?;
    let wanted_ms = || ms.ok_or_else(|| bad(format!("a {name} fault needs \"ms\"")));
    let (code, after) = (fields.count("code", u64::MAX)?, fields.count("closeAfterMs", FAULT_MS_MAX)?);
    // Its kind, and the fields that it has besides those of all kinds.
    let (kind, own): (FaultKind, &[&str]) = match name {
        "cut" => (FaultKind::Cut, &[]),
        "half-open" => (FaultKind::HalfOpen, &[]),
        "delay" => (FaultKind::Delay { ms: wanted_ms()? }, &["ms"]),
        "duplicate" => (FaultKind::Duplicate, &[]),
        "drop-puback" => (FaultKind::DropPuback, &[]),
        "throttle" => {
            (FaultKind::Throttle { ms: wanted_ms()?, close_after_ms: after }, &["ms", "closeAfterMs"])
        }
        "refuse" => (FaultKind::Refuse { code: connack(code)? }, &["code"]),
        "twin-error" => (FaultKind::TwinError { code: error_code(code)? }, &["code"]),
        "expire-token" => (FaultKind::ExpireToken, &[]),
        "restart" => (FaultKind::Restart, &[]),
        other => {
            return Err(bad(format!(
                "kind is \"{other}\"; it is one of cut, half-open, delay, duplicate, drop-puback, throttle, refuse, \
                 twin-error, expire-token, restart"
            )));
        }
    };
    // What acts at once has no time to stand.
    let time: &[&str] = if kind.acts_at_once() { &[] } else { &["forMs"] };
    fields.only(&[&["kind", "deviceId", "moduleId", "count"], own, time].concat())?;
    let count = fields.count("count", u32::MAX.into())?.map(|n| u32::try_from(n).unwrap_or(u32::MAX));
    if count == Some(0) {
        return Err(bad(format!("\"count\" of a {name} fault is at least 1")));
    }
    let (device, module) = (fields.text("deviceId")?, fields.text("moduleId")?);
    if module.is_some() && device.is_none() {
        return Err(bad("a fault with a moduleId has a deviceId, too"));
    }
    Ok(Fault {
        kind,
        device_id: device.map(str::to_owned),
        module_id: module.map(str::to_owned),
        count,
        for_ms: fields.count("forMs", u64::MAX)?,
    })
}

fn connack(code: Option<u64>) -> Result<u8, ServiceError> {
    match code.unwrap_or(3) {
        code @ 1..=5 => Ok(u8::try_from(code).unwrap_or(3)),
        _ => Err(bad("code is a CONNACK code, 1 to 5")),
    }
}

fn error_code(code: Option<u64>) -> Result<ErrorCode, ServiceError> {
    let wanted = code.unwrap_or(429);
    ErrorCode::ALL
        .iter()
        .find(|code| u64::from(code.number()) == wanted || u64::from(code.http_status()) == wanted)
        .copied()
        .ok_or_else(|| bad("code is an HTTP status (400, 412, 429, 500, 503) or a number such as 429001"))
}

pub(super) fn shown_fault(standing: &Standing, now: Now) -> Value {
    json!({
        "id": standing.id,
        "kind": standing.fault.kind.name(),
        "deviceId": standing.fault.device_id,
        "moduleId": standing.fault.module_id,
        "left": standing.left,
        "endsInMs": standing.until_ms.map(|until| until.saturating_sub(now.mono_ms)),
    })
}
