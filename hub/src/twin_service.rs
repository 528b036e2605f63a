//! Twins as a service sees them: the whole document, patches, replacements, and what the device is told.

use crate::event::Happening;
use crate::hub::Hub;
use crate::identities::{IfMatch, gone};
use crate::identity_document::moment;
use crate::record::{Authentication, Record, etag_text};
use crate::registry::Slot;
use iothub_protocol::identity::Identity;
use iothub_protocol::service_error::{ErrorCode, ServiceError};
use iothub_protocol::twin::{self, Object, Rules, Section};
use serde_json::{Value, json};
use std::sync::Arc;

/// What a service writes at once: each section or nothing.
struct Writing {
    tags: Option<Object>,
    desired: Option<Object>,
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
        let writing = Writing::read(body, rules, replace)?;
        let wall = self.wall_ms();
        let record = self.registry.get_mut(slot).ok_or_else(gone)?;
        if_match.check(&etag_text(record.twin.etag))?;
        // On a copy, so that a section over its limit leaves the other one untouched too.
        let mut twin = record.twin.clone();
        for (section, content) in writing.sections() {
            let done = if replace {
                twin.replace(section, content, rules, wall)
            } else {
                twin.patch(section, content, rules, wall)
            };
            done.map_err(|error| ServiceError::new(ErrorCode::ArgumentInvalid, error.to_string()))?;
        }
        record.twin = twin;
        self.count_twin_write(slot);
        self.twin_written(slot, &writing, replace);
        self.registry.get(slot).map(document).ok_or_else(gone)
    }

    /// A twin was written: its version and its etag go on.
    pub(crate) fn count_twin_write(&mut self, slot: Slot) {
        self.twin_writes += 1;
        if let Some(record) = self.registry.get_mut(slot) {
            record.twin.version += 1;
            record.twin.etag = self.twin_writes;
        }
    }

    fn twin_written(&mut self, slot: Slot, writing: &Writing, replaced: bool) {
        let Some(record) = self.registry.get(slot) else { return };
        let (identity, version) = (Arc::clone(&record.identity), record.twin.desired.version);
        self.touch(&identity);
        for (section, content) in writing.sections() {
            let happening = Happening::Twin {
                section: section.name(),
                patch: Value::Object(content.clone()),
                version: (section == Section::Desired).then_some(version),
                replaced,
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

impl Writing {
    /// In a patch, an absent section stays; in a replacement it becomes empty, but only if the body speaks of
    /// twins at all.
    fn read(body: &Value, rules: Rules, replace: bool) -> Result<Self, ServiceError> {
        if !body.is_object() {
            return Err(ServiceError::new(ErrorCode::DeserializationError, "the body is a JSON object"));
        }
        let section = |value: &Value| {
            // Documents that were read and are sent back carry the hub's own fields; they are not content.
            let mut content = match value {
                Value::Null if replace => Value::Object(Object::new()),
                Value::Null => return Ok(None),
                other => other.clone(),
            };
            if let Value::Object(fields) = &mut content {
                fields.remove("$version");
                fields.remove("$metadata");
            }
            let checked = twin::checked(&content, rules);
            let checked =
                checked.map_err(|e| ServiceError::new(ErrorCode::ArgumentInvalid, e.to_string()))?;
            Ok(Some(checked.clone()))
        };
        Ok(Self { tags: section(&body["tags"])?, desired: section(&body["properties"]["desired"])? })
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
        if let Some(reason) = &record.status_reason {
            fields.insert("statusReason".to_owned(), json!(reason));
        }
    }
    document
}
