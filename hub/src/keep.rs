//! An identity as it is kept: in an export, a seed file, or a row of the data file. A seed may leave out nearly
//! everything; an export has it all, so that import and export are each other's mirror.

use crate::identity_document::{self, Wanted};
use crate::queue::{Ack, Waiting};
use crate::record::Record;
use crate::rng::Rng;
use crate::session::{Session, Subscription};
use crate::twin_record::{Stamp, TwinRecord, Versioned};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use iothub_protocol::identity::Identity;
use iothub_protocol::limits;
use iothub_protocol::service_error::{ErrorCode, ServiceError};
use iothub_protocol::time::parse_millis;
use iothub_protocol::twin::{self, Object, Rules, Section};
use serde_json::{Map, Value, json};

/// The form's version; a reader refuses newer ones.
pub(crate) const FORM: u64 = 1;

/// What counts goes on counting from here, and stays exact in any reader's JSON.
const COUNT_MAX: u64 = (1 << 53) - 1;

fn bad(text: impl Into<String>) -> ServiceError {
    ServiceError::new(ErrorCode::ArgumentInvalid, text)
}

fn count(document: &Value, name: &str) -> Result<Option<u64>, ServiceError> {
    match document[name].as_u64() {
        Some(number) if number > COUNT_MAX => {
            Err(bad(format!("{name} is {number}, at most {COUNT_MAX} is read")))
        }
        number => Ok(number),
    }
}

/// The document of an identity without its messages.
pub(crate) fn write(record: &Record) -> Value {
    let mut document = identity_document::write(record);
    if let Value::Object(fields) = &mut document {
        for derived in ["connectionState", "cloudToDeviceMessageCount", "etag"] {
            fields.remove(derived);
        }
        fields.insert("status".to_owned(), json!(if record.enabled { "enabled" } else { "disabled" }));
        fields.insert("etagCounter".to_owned(), json!(record.etag));
        fields.insert("modelId".to_owned(), json!(record.model_id));
        fields.insert("tags".to_owned(), json!(record.twin.tags));
        fields.insert("properties".to_owned(), record.twin.service_properties());
        fields.insert("twinVersion".to_owned(), json!(record.twin.version));
        let session = record.session.as_ref().filter(|session| !session.clean).map(|session| {
            session.subscriptions().iter().map(|s| json!([s.filter, s.qos])).collect::<Value>()
        });
        fields.insert("session".to_owned(), json!(session));
        prune(fields);
    }
    document
}

/// Leaves out what reads as absent anyway: ten thousand identities are read at a start.
fn prune(fields: &mut Map<String, Value>) {
    if let Some(Value::Object(authentication)) = fields.get_mut("authentication") {
        authentication
            .retain(|_, part| part.as_object().is_none_or(|part| part.values().any(|v| !v.is_null())));
    }
    fields
        .retain(|_, value| !value.is_null() && value.as_str().is_none_or(|text| !text.starts_with("0001-")));
}

/// A message that waits.
pub(crate) fn write_message(message: &Waiting) -> Value {
    json!({
        "sequence": message.sequence,
        "messageId": message.message_id,
        "bag": message.bag,
        "bodyBase64": STANDARD.encode(&message.body),
        "ack": message.ack.name(),
        "enqueuedMs": message.enqueued_ms,
        "expiresMs": message.expires_ms,
        "deliveries": message.deliveries,
    })
}

/// Reads an identity; what is absent is made up as for a new one.
pub(crate) fn read(document: &Value, rng: &mut Rng, wall_ms: u64) -> Result<Record, ServiceError> {
    let device = document["deviceId"].as_str().ok_or_else(|| bad("an identity without deviceId"))?;
    let identity = Identity::new(device, document["moduleId"].as_str())
        .map_err(|e| ServiceError::new(ErrorCode::IotHubFormatError, e.to_string()))?;
    let wanted = Wanted::read(&identity, document)?;
    let generation = document["generationId"].as_str().map_or_else(|| rng.generation(), str::to_owned);
    let authentication = wanted.authentication(None, rng);
    let mut record = Record::new(identity, generation, authentication, wall_ms);
    wanted.apply(&mut record, wall_ms);
    let moment = |name: &str| {
        let ms = document[name].as_str().filter(|text| !text.starts_with("0001")).and_then(parse_millis)?;
        u64::try_from(ms).ok()
    };
    record.etag = count(document, "etagCounter")?.unwrap_or(1);
    record.status_updated_ms = moment("statusUpdatedTime");
    record.connection_updated_ms = moment("connectionStateUpdatedTime");
    record.last_activity_ms = moment("lastActivityTime");
    record.model_id = document["modelId"].as_str().map(str::to_owned);
    record.twin = read_twin(document, wall_ms)
        .map_err(|text| bad(format!("twin of \"{}\": {text}", record.identity)))?;
    record.session = read_session(&record.identity, &document["session"])?;
    Ok(record)
}

fn read_twin(document: &Value, wall_ms: u64) -> Result<TwinRecord, String> {
    let mut twin = TwinRecord::new(wall_ms);
    twin.tags = read_content(Section::Tags, &document["tags"])?;
    let properties = &document["properties"];
    twin.desired = read_versioned(Section::Desired, &properties["desired"], wall_ms)?;
    twin.reported = read_versioned(Section::Reported, &properties["reported"], wall_ms)?;
    twin.version = count(document, "twinVersion").map_err(|error| error.message)?.unwrap_or(1);
    Ok(twin)
}

fn read_content(section: Section, value: &Value) -> Result<Object, String> {
    let mut content = match value {
        Value::Null => return Ok(Map::new()),
        other => other.clone(),
    };
    if let Value::Object(fields) = &mut content {
        fields.remove("$metadata");
        fields.remove("$version");
    }
    let object = twin::checked(&content, Rules::TODAY).map_err(|e| e.to_string())?.clone();
    twin::check_size(section, &object, Rules::TODAY).map_err(|e| e.to_string())?;
    Ok(object)
}

fn read_versioned(section: Section, value: &Value, wall_ms: u64) -> Result<Versioned, String> {
    let content = read_content(section, value)?;
    let version = count(value, "$version").map_err(|error| error.message)?.unwrap_or(1);
    let stamp = Stamp { unix_ms: wall_ms, version: (section == Section::Desired).then_some(version) };
    let mut versioned = Versioned::stamped(content, stamp);
    versioned.version = version;
    if let Value::Object(metadata) = &value["$metadata"] {
        versioned.metadata = metadata.clone();
    }
    Ok(versioned)
}

fn read_session(identity: &Identity, value: &Value) -> Result<Option<Session>, ServiceError> {
    let Some(rows) = value.as_array() else { return Ok(None) };
    let mut session = Session::default();
    for row in rows {
        let (Some(filter), Some(qos)) = (row[0].as_str(), row[1].as_u64()) else {
            return Err(bad("a session is a list of [filter, qos]"));
        };
        let wanted = crate::dispatch::read_filter(identity, filter).map_err(|cause| bad(cause.detail))?;
        session.subscribe(Subscription { filter: filter.to_owned(), wanted, qos: u8::from(qos > 0) });
    }
    Ok(Some(session))
}

/// What stands before the bag in the topic of a message: two words, an id of 128 characters.
const TOPIC_ROOM: usize = 200;

/// Reads a message that waited.
pub(crate) fn read_message(document: &Value) -> Result<Waiting, ServiceError> {
    let number = |name: &str| count(document, name)?.ok_or_else(|| bad(format!("a message without {name}")));
    let text = |name: &str| document[name].as_str().ok_or_else(|| bad(format!("a message without {name}")));
    if text("bag")?.len() + TOPIC_ROOM > limits::TOPIC_BYTES {
        return Err(bad("the bag of a message does not fit into an MQTT topic"));
    }
    Ok(Waiting {
        sequence: number("sequence")?,
        message_id: text("messageId")?.to_owned(),
        bag: text("bag")?.to_owned(),
        body: STANDARD
            .decode(text("bodyBase64")?)
            .map_err(|_| bad("bodyBase64 of a message is not base64"))?,
        ack: Ack::parse(text("ack")?).unwrap_or_default(),
        enqueued_ms: number("enqueuedMs")?,
        expires_ms: number("expiresMs")?,
        deliveries: u32::try_from(number("deliveries")?).unwrap_or(u32::MAX),
        locked: false,
    })
}
