//! Twins as a service sees them: the whole document, patches, replacements, and what the device is told.

use crate::event::Happening;
use crate::fields::Fields;
use crate::hub::Hub;
use crate::identities::{IfMatch, gone};
use crate::identity_document::moment;
use crate::record::{Authentication, Record, etag_text};
use crate::registry::Slot;
use crate::twin_record::TwinRecord;
use iothub_protocol::identity::Identity;
use iothub_protocol::service_error::{ErrorCode, ServiceError};
use iothub_protocol::twin::{self, Object, Rules, Section};
use serde_json::{Value, json};
use std::sync::Arc;

/// What a service writes at once: each section or nothing.
struct Writing {
    tags: Option<Object>,
    desired: Option<Object>,
    /// In the place of what is there, instead of merged into it.
    replaces: bool,
}

impl Hub {
    /// `GET /twins/{id}`.
    ///
    /// # Errors
    /// 404.
    pub fn read_twin(&self, identity: &Identity) -> Result<Value, ServiceError> {
        let slot = self.slot_of(identity)?;
        self.registry.get(slot).map(document).ok_or_else(gone)
    }

    /// `PATCH /twins/{id}`: merges tags and desired properties; gives the whole twin.
    ///
    /// # Errors
    /// 404, 412 for a stale etag, 400 for what the twin's rules forbid. Nothing is changed then.
    pub fn patch_twin(
        &mut self,
        identity: &Identity,
        body: &Value,
        if_match: &IfMatch,
        now: crate::Now,
    ) -> Result<Value, ServiceError> {
        self.now = now;
        self.write_twin(identity, body, if_match, false)
    }

    /// `PUT /twins/{id}`: puts tags and desired properties in the place of what is there.
    ///
    /// # Errors
    /// As [`Hub::patch_twin`].
    pub fn replace_twin(
        &mut self,
        identity: &Identity,
        body: &Value,
        if_match: &IfMatch,
        now: crate::Now,
    ) -> Result<Value, ServiceError> {
        self.now = now;
        self.write_twin(identity, body, if_match, true)
    }

    fn write_twin(
        &mut self,
        identity: &Identity,
        body: &Value,
        if_match: &IfMatch,
        replace: bool,
    ) -> Result<Value, ServiceError> {
        let slot = self.slot_of(identity)?;
        let rules = self.config.switches.twin_rules();
        let wall = self.wall_ms();
        let record = self.registry.get_mut(slot).ok_or_else(gone)?;
        if_match.check(&etag_text(record.twin.etag))?;
        let writing = Writing::read(body, rules, replace)?;
        record.twin = writing.on(&record.twin, rules, wall)?;
        if writing.sections().next().is_some() {
            self.count_twin_write(slot);
            self.twin_written(slot, &writing);
        }
        self.registry.get(slot).map(document).ok_or_else(gone)
    }

    /// What is wrong with a patch for this identity, or for one that is still to be made; nothing is changed.
    pub(crate) fn try_twin_patch(&self, identity: &Identity, body: &Value) -> Result<(), ServiceError> {
        let rules = self.config.switches.twin_rules();
        let there = self.registry.by_identity(identity).map(|record| &record.twin);
        let fresh = TwinRecord::new(self.wall_ms());
        Writing::read(body, rules, false)?.on(there.unwrap_or(&fresh), rules, self.wall_ms()).map(drop)
    }

    /// A twin was written: its version and its etag go on.
    pub(crate) fn count_twin_write(&mut self, slot: Slot) {
        self.twin_writes += 1;
        if let Some(record) = self.registry.get_mut(slot) {
            record.twin.version += 1;
            record.twin.etag = self.twin_writes;
        }
    }

    fn twin_written(&mut self, slot: Slot, writing: &Writing) {
        let Some(record) = self.registry.get(slot) else { return };
        let (identity, version) = (Arc::clone(&record.identity), record.twin.desired.version);
        self.touch(&identity);
        for (section, content) in writing.sections() {
            let happening = Happening::Twin {
                section: section.name(),
                patch: Value::Object(content.clone()).into(),
                version: (section == Section::Desired).then_some(version),
                replaced: writing.replaces,
            };
            self.happened(Some(Arc::clone(&identity)), happening);
            if section == Section::Desired {
                self.send_desired(slot, content, version);
            }
        }
    }

    /// `GET /statistics/devices`.
    #[must_use]
    pub fn registry_statistics(&self) -> Value {
        let (total, enabled) = self
            .registry
            .devices()
            .fold((0, 0), |(all, on), record| (all + 1, on + usize::from(record.enabled)));
        json!({ "totalDeviceCount": total, "enabledDeviceCount": enabled, "disabledDeviceCount": total - enabled })
    }

    /// `GET /statistics/service`.
    #[must_use]
    pub fn service_statistics(&self) -> Value {
        json!({ "connectedDeviceCount": self.registry.devices().filter(|record| record.link.is_some()).count() })
    }
}

/// The fields of a twin's document. All but `tags` and `properties.desired` are read only: documents that were read
/// and are sent back carry them.
pub(crate) const FIELDS: [&str; 20] = [
    "deviceId",
    "moduleId",
    "etag",
    "deviceEtag",
    "status",
    "statusReason",
    "statusUpdateTime",
    "connectionState",
    "lastActivityTime",
    "cloudToDeviceMessageCount",
    "authenticationType",
    "x509Thumbprint",
    "modelId",
    "version",
    "capabilities",
    "configurations",
    "deviceScope",
    "parentScopes",
    "tags",
    "properties",
];

fn bad(text: impl Into<String>) -> ServiceError {
    ServiceError::new(ErrorCode::ArgumentInvalid, text)
}

impl Writing {
    /// In a patch, an absent section stays; in a replacement it becomes empty, but only if the body speaks of
    /// twins at all. What can not be written is refused, not ignored.
    fn read(body: &Value, rules: Rules, replaces: bool) -> Result<Self, ServiceError> {
        let fields = Fields::of("a twin", body)?;
        if let Some(name) = ["desired", "reported"].into_iter().find(|name| fields.has(name)) {
            return Err(bad(format!("a twin has no field \"{name}\": did you mean \"properties.{name}\"?")));
        }
        fields.only(&FIELDS)?;
        let properties = fields.below("properties")?;
        properties.only(&["desired", "reported"])?;
        if properties.has("reported") && body["properties"]["reported"].get("$version").is_none() {
            return Err(bad("\"properties.reported\" is written by the device, not by the service"));
        }
        if replaces && !fields.has("tags") && !fields.has("properties") {
            return Err(bad(
                "the body has neither tags nor properties: {\"tags\":{}} empties both sections of a twin",
            ));
        }
        let section = |value: Option<&Value>| {
            let mut content = match value {
                None | Some(Value::Null) if replaces => Value::Object(Object::new()),
                None => return Ok(None),
                Some(other) => other.clone(),
            };
            // Documents that were read and are sent back carry the hub's own fields; they are not content.
            if let Value::Object(fields) = &mut content {
                fields.remove("$version");
                fields.remove("$metadata");
            }
            let checked = if replaces { twin::checked_whole } else { twin::checked };
            checked(&content, rules).map(|object| Some(object.clone())).map_err(|e| bad(e.to_string()))
        };
        let desired = body.get("properties").and_then(|properties| properties.get("desired"));
        Ok(Self { tags: section(body.get("tags"))?, desired: section(desired)?, replaces })
    }

    /// The twin after it. On a copy, so that a section over its limit leaves the other one untouched too.
    fn on(&self, twin: &TwinRecord, rules: Rules, wall_ms: u64) -> Result<TwinRecord, ServiceError> {
        let mut twin = twin.clone();
        for (section, content) in self.sections() {
            let done = if self.replaces {
                twin.replace(section, content, rules, wall_ms)
            } else {
                twin.patch(section, content, rules, wall_ms)
            };
            done.map_err(|error| bad(error.to_string()))?;
        }
        Ok(twin)
    }

    fn sections(&self) -> impl Iterator<Item = (Section, &Object)> {
        let tags = self.tags.as_ref().map(|content| (Section::Tags, content));
        let desired = self.desired.as_ref().map(|content| (Section::Desired, content));
        tags.into_iter().chain(desired)
    }
}

/// The whole twin document.
pub(crate) fn document(record: &Record) -> Value {
    let (primary, secondary) = match &record.authentication {
        Authentication::SelfSigned { primary, secondary } => (primary.clone(), secondary.clone()),
        _ => (None, None),
    };
    let mut document = json!({
        "deviceId": record.identity.device_id,
        "etag": etag_text(record.twin.etag),
        "deviceEtag": record.etag_text(),
        "status": if record.enabled { "enabled" } else { "disabled" },
        "statusUpdateTime": moment(record.status_updated_ms),
        "connectionState": if record.link.is_some() { "Connected" } else { "Disconnected" },
        "lastActivityTime": moment(record.last_activity_ms),
        "cloudToDeviceMessageCount": record.queue.len(),
        "authenticationType": record.authentication.name(),
        "x509Thumbprint": { "primaryThumbprint": primary, "secondaryThumbprint": secondary },
        "modelId": record.model_id.as_deref().unwrap_or(""),
        "version": record.twin.version,
        "capabilities": { "iotEdge": record.iot_edge },
        "tags": record.twin.tags,
        "properties": record.twin.service_properties(),
    });
    if let Value::Object(fields) = &mut document {
        if let Some(module) = &record.identity.module_id {
            fields.insert("moduleId".to_owned(), json!(module));
        }
        if let Some(scope) = &record.device_scope {
            fields.insert("deviceScope".to_owned(), json!(scope));
        }
        if let Some(reason) = &record.status_reason {
            fields.insert("statusReason".to_owned(), json!(reason));
        }
    }
    document
}
