//! An identity as it is kept: in an export, a seed file, or a row of the data file. A seed may leave out nearly
//! everything; an export has it all, so that import and export are each other's mirror.

use crate::c2d::check_topic;
use crate::fields::Fields;
use crate::identity_document::{self, Wanted};
use crate::queue::{Ack, Waiting};
use crate::record::Record;
use crate::rng::Rng;
use crate::session::{Session, Subscription};
use crate::twin_record::{Stamp, TwinRecord, Versioned};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use iothub_protocol::identity::Identity;
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
        fields.insert("twinEtagCounter".to_owned(), json!(record.twin.etag));
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

/// A message that waits. A module's names the module: the device is known from where it is kept.
pub(crate) fn write_message(identity: &Identity, message: &Waiting) -> Value {
    let mut document = json!({
        "sequence": message.sequence,
        "messageId": message.message_id,
        "bag": message.bag,
        "bodyBase64": STANDARD.encode(&message.body),
        "ack": message.ack.name(),
        "enqueuedMs": message.enqueued_ms,
        "expiresMs": message.expires_ms,
        "deliveries": message.deliveries,
    });
    if let (Some(module), Value::Object(fields)) = (identity.module(), &mut document) {
        fields.insert("moduleId".to_owned(), json!(module));
    }
    document
}

/// The fields that an export has besides those of the registry's document.
pub(crate) const FIELDS: [&str; 8] =
    ["etagCounter", "modelId", "tags", "properties", "twinVersion", "twinEtagCounter", "session", "messages"];

/// Where a document comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A seed or an import: twins are held to today's rules.
    Foreign,
    /// The hub's own file: what was accepted stays, whatever the rules or the switches are today.
    Own,
}

/// Reads an identity; what is absent is made up as for a new one.
pub(crate) fn read(
    document: &Value,
    origin: Origin,
    rng: &mut Rng,
    wall_ms: u64,
) -> Result<Record, ServiceError> {
    let fields = Fields::of("an identity", document)?;
    let device = fields.text("deviceId")?.ok_or_else(|| bad("an identity has no deviceId"))?;
    let identity = Identity::new(device, fields.text("moduleId")?)
        .map_err(|e| ServiceError::new(ErrorCode::IotHubFormatError, e.to_string()))?;
    let named = identity.to_string();
    let in_it =
        |error: ServiceError| ServiceError::new(error.code, format!("\"{named}\": {}", error.message));
    read_fields(identity, &fields, document, origin, rng, wall_ms).map_err(in_it)
}

fn read_fields(
    identity: Identity,
    fields: &Fields<'_>,
    document: &Value,
    origin: Origin,
    rng: &mut Rng,
    wall_ms: u64,
) -> Result<Record, ServiceError> {
    let wanted = Wanted::read(&identity, document)?;
    let generation = fields.text("generationId")?.map_or_else(|| rng.generation(), str::to_owned);
    let authentication = wanted.authentication(None, rng)?;
    let mut record = Record::new(identity, generation, authentication, rng.etag(), wall_ms);
    wanted.apply(&mut record, wall_ms);
    let moment = |name: &str| {
        let Some(text) = fields.text(name)?.filter(|text| !text.starts_with("0001")) else { return Ok(None) };
        let ms = parse_millis(text).and_then(|ms| u64::try_from(ms).ok());
        ms.map(Some).ok_or_else(|| bad(format!("{name} is no time such as 2030-01-01T00:00:00Z")))
    };
    record.etag = fields.count("etagCounter", COUNT_MAX)?.unwrap_or(record.etag);
    record.status_updated_ms = moment("statusUpdatedTime")?;
    record.connection_updated_ms = moment("connectionStateUpdatedTime")?;
    record.last_activity_ms = moment("lastActivityTime")?;
    record.model_id = fields.text("modelId")?.map(str::to_owned);
    record.twin = read_twin(fields, document, origin, wall_ms)?;
    record.session = read_session(&record.identity, fields)?;
    Ok(record)
}

fn read_twin(
    fields: &Fields<'_>,
    document: &Value,
    origin: Origin,
    wall_ms: u64,
) -> Result<TwinRecord, ServiceError> {
    let mut twin = TwinRecord::new(wall_ms);
    let in_twin = |text: String| bad(format!("the twin: {text}"));
    twin.tags = read_content(Section::Tags, &document["tags"], origin).map_err(in_twin)?;
    let properties = fields.below("properties")?;
    properties.only(&["desired", "reported"])?;
    for (section, name) in [(Section::Desired, "desired"), (Section::Reported, "reported")] {
        let below = properties.below(name)?;
        let value = &document["properties"][name];
        let versioned = read_versioned(section, &below, value, origin, wall_ms)?;
        match section {
            Section::Reported => twin.reported = versioned,
            _ => twin.desired = versioned,
        }
    }
    twin.version = fields.count("twinVersion", COUNT_MAX)?.unwrap_or(1);
    twin.etag = fields.count("twinEtagCounter", COUNT_MAX)?.unwrap_or(0);
    Ok(twin)
}

fn read_content(section: Section, value: &Value, origin: Origin) -> Result<Object, String> {
    let mut content = match value {
        Value::Null => return Ok(Map::new()),
        other => other.clone(),
    };
    if let Value::Object(fields) = &mut content {
        fields.remove("$metadata");
        fields.remove("$version");
    }
    if let (Origin::Own, Value::Object(object)) = (origin, &content) {
        return Ok(object.clone());
    }
    let object = twin::checked_whole(&content, Rules::TODAY).map_err(|e| e.to_string())?.clone();
    twin::check_size(section, &object, Rules::TODAY).map_err(|e| e.to_string())?;
    Ok(object)
}

fn read_versioned(
    section: Section,
    fields: &Fields<'_>,
    value: &Value,
    origin: Origin,
    wall_ms: u64,
) -> Result<Versioned, ServiceError> {
    let content = read_content(section, value, origin).map_err(|text| bad(format!("the twin: {text}")))?;
    let version = fields.count("$version", COUNT_MAX)?.unwrap_or(1);
    let stamp = Stamp { unix_ms: wall_ms, version: (section == Section::Desired).then_some(version) };
    let mut versioned = Versioned::stamped(content, stamp);
    versioned.version = version;
    if let Value::Object(metadata) = &value["$metadata"] {
        versioned.metadata = metadata.clone();
    }
    Ok(versioned)
}

fn read_session(identity: &Identity, fields: &Fields<'_>) -> Result<Option<Session>, ServiceError> {
    let rows = fields.list("session")?;
    if !fields.has("session") {
        return Ok(None);
    }
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

/// Reads a message that waited for an identity.
pub(crate) fn read_message(identity: &Identity, document: &Value) -> Result<Waiting, ServiceError> {
    let fields = Fields::of("a message", document)?;
    let number = |name: &str, most: u64| {
        fields.count(name, most)?.ok_or_else(|| bad(format!("a message has no {name}")))
    };
    let text = |name: &str| fields.text(name)?.ok_or_else(|| bad(format!("a message has no {name}")));
    check_topic(identity, text("bag")?).map_err(|error| bad(error.message))?;
    let ack = text("ack")?;
    Ok(Waiting {
        sequence: number("sequence", COUNT_MAX)?,
        message_id: text("messageId")?.to_owned(),
        bag: text("bag")?.to_owned(),
        body: STANDARD
            .decode(text("bodyBase64")?)
            .map_err(|_| bad("bodyBase64 of a message is not base64"))?,
        ack: Ack::parse(ack).ok_or_else(|| bad(format!("ack of a message is \"{ack}\"")))?,
        enqueued_ms: number("enqueuedMs", COUNT_MAX)?,
        expires_ms: number("expiresMs", COUNT_MAX)?,
        deliveries: u32::try_from(number("deliveries", u64::MAX)?).unwrap_or(u32::MAX),
        locked: false,
    })
}
