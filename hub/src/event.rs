//! What happened in the hub, as `/local/events` tells it. Events are kept as they came and turned into JSON
//! only when somebody reads them: telemetry is the hot path.

use crate::reason::Cause;
use iothub_protocol::bag::{self, Property};
use iothub_protocol::identity::Identity;
use iothub_protocol::system_property::SystemProperty;
use iothub_protocol::time::format_millis;
use serde_json::{Map, Value, json};
use std::sync::Arc;

/// What every message of one link has in common.
#[derive(Debug)]
pub struct Sender {
    /// Whose link it is.
    pub identity: Arc<Identity>,
    /// Changes when a device is deleted and made again.
    pub generation_id: String,
    /// How the link proved itself, JSON text as the hub stamps it.
    pub auth_method: String,
    /// The Plug and Play model it announced.
    pub model_id: Option<String>,
}

impl Sender {
    fn weight(&self) -> usize {
        let model = self.model_id.as_ref().map_or(0, String::len);
        size_of::<Self>()
            + weight_of(&self.identity)
            + self.generation_id.len()
            + self.auth_method.len()
            + model
    }
}

/// What an allocation and its place in the ring cost.
const OVERHEAD: usize = 64;

fn weight_of(identity: &Identity) -> usize {
    let module = identity.module_id.as_ref().map_or(0, String::len);
    size_of::<Identity>() + OVERHEAD + identity.device_id.len() + module
}

/// A message from a device, as it came.
#[derive(Debug)]
pub struct Telemetry {
    /// Who sent it.
    pub sender: Arc<Sender>,
    /// The topic's property bag, followed by the body.
    pub(crate) bytes: Box<[u8]>,
    /// Where the body begins.
    pub(crate) body_at: usize,
    /// RETAIN was set; the name of the property that says so.
    pub(crate) retain_property: Option<&'static str>,
    /// DUP was set.
    pub(crate) dup: bool,
    /// It is the will of a link that died.
    pub(crate) will: bool,
    /// QoS it came with.
    pub(crate) qos: u8,
}

impl Telemetry {
    /// The body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.bytes[self.body_at..]
    }

    /// The property bag, decoded, in the order it was written.
    #[must_use]
    pub fn bag(&self) -> Vec<Property> {
        bag::read(&String::from_utf8_lossy(&self.bytes[..self.body_at]))
    }
}

/// JSON, kept as text: parsed, it holds many times its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonText(Box<str>);

impl From<Value> for JsonText {
    fn from(value: Value) -> Self {
        Self(value.to_string().into_boxed_str())
    }
}

impl JsonText {
    /// The JSON, parsed.
    #[must_use]
    pub fn value(&self) -> Value {
        // It was written from a value.
        serde_json::from_str(&self.0).unwrap_or_default()
    }
}

/// Connected or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionState {
    /// CONNACK 0 was sent.
    Connected,
    /// The link is gone.
    Disconnected,
}

/// What happened.
#[derive(Debug)]
#[non_exhaustive]
pub enum Happening {
    /// A message from a device.
    Telemetry(Telemetry),
    /// A link came or went.
    Connection {
        /// Which.
        state: ConnectionState,
        /// Why.
        cause: Cause,
        /// Further facts.
        info: JsonText,
    },
    /// A link, or a publish on it, was refused.
    Refused {
        /// Why.
        cause: Cause,
        /// The CONNACK code, when it was a CONNECT.
        connack: Option<u8>,
    },
    /// A twin changed.
    Twin {
        /// `desired`, `reported` or `tags`.
        section: &'static str,
        /// What was written.
        patch: JsonText,
        /// The section's new version; none for tags.
        version: Option<u64>,
        /// Whether it took the place of the whole section.
        replaced: bool,
    },
    /// A cloud-to-device message moved on.
    C2d {
        /// `queued`, `delivered`, `completed`, `expired`, `dead-lettered`, `purged`.
        state: &'static str,
        /// Its id.
        message_id: String,
        /// How many times it was put on a link.
        deliveries: u32,
    },
    /// A direct method moved on.
    Method {
        /// `sent`, `answered`, `timed-out`, `failed`.
        state: &'static str,
        /// Its name.
        name: String,
        /// The hub's request id.
        rid: String,
        /// Status of the answer.
        status: Option<i32>,
        /// Payload, as text.
        payload: Option<String>,
    },
    /// An identity was made, changed or deleted.
    Lifecycle {
        /// `created`, `updated`, `deleted`.
        state: &'static str,
    },
    /// Feedback that a sender of C2D messages asked for.
    Feedback {
        /// The records, as the hub sends them.
        records: JsonText,
    },
    /// The hub was told to do something on `/local`.
    Control {
        /// What.
        what: String,
    },
}

/// One event.
#[derive(Debug)]
pub struct Event {
    /// Counts up by one; `Last-Event-ID` of server-sent events.
    pub id: u64,
    /// The hub's wall clock.
    pub at_ms: u64,
    /// Whom it concerns.
    pub identity: Option<Arc<Identity>>,
    /// What happened.
    pub happening: Happening,
}

impl Event {
    /// The type, as in the `event` field of server-sent events.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.happening {
            Happening::Telemetry(_) => "telemetry",
            Happening::Connection { .. } => "connection",
            Happening::Refused { .. } => "refused",
            Happening::Twin { .. } => "twin",
            Happening::C2d { .. } => "c2d",
            Happening::Method { .. } => "method",
            Happening::Lifecycle { .. } => "lifecycle",
            Happening::Feedback { .. } => "feedback",
            Happening::Control { .. } => "control",
        }
    }

    /// How much memory it holds, and may be the last to hold: what is shared counts in full.
    pub(crate) fn weight(&self) -> usize {
        let identity = self.identity.as_ref().map_or(0, |identity| weight_of(identity));
        let happening = match &self.happening {
            Happening::Telemetry(telemetry) => telemetry.bytes.len() + telemetry.sender.weight(),
            Happening::Connection { cause, info, .. } => cause.detail.capacity() + info.0.len(),
            Happening::Refused { cause, .. } => cause.detail.capacity(),
            Happening::Twin { patch, .. } => patch.0.len(),
            Happening::C2d { message_id, .. } => message_id.capacity(),
            Happening::Method { name, rid, payload, .. } => {
                name.capacity() + rid.capacity() + payload.as_ref().map_or(0, String::capacity)
            }
            Happening::Lifecycle { .. } => 0,
            Happening::Feedback { records } => records.0.len(),
            Happening::Control { what } => what.capacity(),
        };
        size_of::<Self>() + OVERHEAD + identity + happening
    }

    /// The JSON that goes into `data`.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut object = Map::new();
        object.insert("type".to_owned(), json!(self.kind()));
        object.insert("at".to_owned(), json!(format_millis(self.at_ms.cast_signed())));
        if let Some(identity) = &self.identity {
            object.insert("deviceId".to_owned(), json!(identity.device_id));
            if let Some(module) = &identity.module_id {
                object.insert("moduleId".to_owned(), json!(module));
            }
        }
        self.add_happening(&mut object);
        Value::Object(object)
    }

    fn add_happening(&self, object: &mut Map<String, Value>) {
        let fields = match &self.happening {
            Happening::Telemetry(telemetry) => return self.add_telemetry(telemetry, object),
            Happening::Connection { state, cause, info } => {
                let state = if *state == ConnectionState::Connected { "connected" } else { "disconnected" };
                if let Value::Object(info) = info.value() {
                    object.extend(info);
                }
                json!({ "state": state, "reason": cause.reason.code(), "detail": cause.detail })
            }
            Happening::Refused { cause, connack } => {
                json!({ "reason": cause.reason.code(), "detail": cause.detail, "connack": connack })
            }
            Happening::Twin { section, patch, version, replaced } => {
                json!({ "section": section, "patch": patch.value(), "version": version, "replaced": replaced })
            }
            Happening::C2d { state, message_id, deliveries } => {
                json!({ "state": state, "messageId": message_id, "deliveries": deliveries })
            }
            Happening::Method { state, name, rid, status, payload } => {
                json!({ "state": state, "name": name, "requestId": rid, "status": status, "payload": payload })
            }
            Happening::Lifecycle { state } => json!({ "state": state }),
            Happening::Feedback { records } => json!({ "records": records.value() }),
            Happening::Control { what } => json!({ "what": what }),
        };
        if let Value::Object(fields) = fields {
            object.extend(fields);
        }
    }

    fn add_telemetry(&self, telemetry: &Telemetry, object: &mut Map<String, Value>) {
        add_body(object, telemetry.body());
        let mut properties = Map::new();
        let mut system = Map::new();
        for property in telemetry.bag() {
            let value = property.value.map_or(Value::Null, Value::String);
            // The first of two equal names counts.
            match SystemProperty::from_bag_key(&property.name) {
                Some(known) => system.entry(known.routing_name()).or_insert(value),
                None => properties.entry(property.name).or_insert(value),
            };
        }
        if let Some(name) = telemetry.retain_property {
            properties.insert(name.to_owned(), json!("true"));
        }
        if telemetry.dup {
            properties.insert("mqtt-dup".to_owned(), json!("true"));
        }
        if telemetry.will {
            properties.insert("iothub-MessageType".to_owned(), json!("Will"));
        }
        self.stamp(telemetry, &mut system);
        object.insert("qos".to_owned(), json!(telemetry.qos));
        object.insert("properties".to_owned(), Value::Object(properties));
        object.insert("systemProperties".to_owned(), Value::Object(system));
    }

    fn stamp(&self, telemetry: &Telemetry, system: &mut Map<String, Value>) {
        let sender = &telemetry.sender;
        let mut put = |name: &str, value: &str| system.insert(name.to_owned(), json!(value));
        put("iothub-connection-device-id", &sender.identity.device_id);
        if let Some(module) = &sender.identity.module_id {
            put("iothub-connection-module-id", module);
        }
        put("iothub-connection-auth-generation-id", &sender.generation_id);
        put("iothub-connection-auth-method", &sender.auth_method);
        put("iothub-enqueuedtime", &format_millis(self.at_ms.cast_signed()));
        put("iothub-message-source", "Telemetry");
        if let Some(model) = &sender.model_id {
            put("dt-dataschema", model);
        }
        system.insert("x-opt-sequence-number".to_owned(), json!(self.id));
    }
}

/// Adds `body`, or `bodyBase64` when the bytes are no UTF-8.
pub(crate) fn add_body(object: &mut Map<String, Value>, body: &[u8]) {
    match std::str::from_utf8(body) {
        Ok(text) => object.insert("body".to_owned(), json!(text)),
        Err(_) => object.insert("bodyBase64".to_owned(), json!(base64(body))),
    };
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
