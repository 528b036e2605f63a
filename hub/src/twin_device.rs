//! Twins as a device sees them, over MQTT: read, patch what is reported, be told what is desired.

use crate::event::Happening;
use crate::hub::Hub;
use crate::link::LinkId;
use crate::registry::Slot;
use crate::session::Wanted;
use crate::traffic::Operation;
use iothub_protocol::service_error::{ErrorCode, ServiceError};
use iothub_protocol::time::format_round_trip;
use iothub_protocol::topic;
use iothub_protocol::twin::{self, Object, Section};
use serde_json::{Value, json};

/// An error and the status of the MQTT answer; a failed condition also tells the version that is there.
struct Refusal {
    error: ServiceError,
    version: Option<u64>,
}

impl Hub {
    /// `$iothub/twin/GET`. Without a subscription to the answers, the answer is lost.
    pub(crate) fn answer_twin_get(&mut self, link: LinkId, rid: &str) {
        let Some((slot, _)) = self.who(link) else { return };
        if let Some(error) = self.throttle_twin(slot, Operation::TwinRead) {
            return self.answer_refusal(slot, rid, &Refusal { error, version: None });
        }
        let Some(record) = self.registry.get(slot) else { return };
        let switches = self.config.switches;
        let mut document = record.twin.device_document();
        if switches.wrapped_twin {
            document = json!({ "properties": document });
        }
        let status = if switches.old_twin_statuses { 204 } else { 200 };
        let topic = topic::twin_answer(status, rid, None);
        self.publish_to(slot, Wanted::TwinAnswers, &topic, document.to_string().as_bytes());
    }

    /// `$iothub/twin/PATCH/properties/reported`: 204 with the new version, or an error with its body.
    pub(crate) fn answer_reported_patch(
        &mut self,
        link: LinkId,
        rid: &str,
        version: Option<u64>,
        body: &[u8],
    ) {
        let Some((slot, identity)) = self.who(link) else { return };
        match self.apply_reported(slot, version, body) {
            Ok((patch, new_version)) => {
                self.touch(&identity);
                let happening = Happening::Twin {
                    section: "reported",
                    patch: Value::Object(patch).into(),
                    version: Some(new_version),
                    replaced: false,
                };
                self.happened(Some(identity), happening);
                let status = if self.config.switches.old_twin_statuses { 200 } else { 204 };
                let topic = topic::twin_answer(status, rid, Some(new_version));
                self.publish_to(slot, Wanted::TwinAnswers, &topic, b"");
            }
            Err(refusal) => self.answer_refusal(slot, rid, &refusal),
        }
    }

    fn apply_reported(
        &mut self,
        slot: Slot,
        version: Option<u64>,
        body: &[u8],
    ) -> Result<(Object, u64), Refusal> {
        let refused = |code, text: String| Refusal { error: ServiceError::new(code, text), version: None };
        if let Some(error) = self.throttle_twin(slot, Operation::TwinWrite) {
            return Err(Refusal { error, version: None });
        }
        let (wall, rules) = (self.wall_ms(), self.config.switches.twin_rules());
        let patch: Value = serde_json::from_slice(body)
            .map_err(|e| refused(ErrorCode::ArgumentInvalid, format!("the body is no JSON: {e}")))?;
        let patch = twin::checked(&patch, rules)
            .map_err(|e| refused(ErrorCode::ArgumentInvalid, e.to_string()))?
            .clone();
        let Some(record) = self.registry.get_mut(slot) else {
            return Err(refused(ErrorCode::DeviceNotFound, "the device is gone".to_owned()));
        };
        let there = record.twin.reported.version;
        if let Some(wanted) = version.filter(|wanted| *wanted != there) {
            let text = format!("the patch is for version {wanted}, the reported section has {there}");
            return Err(Refusal {
                error: ServiceError::new(ErrorCode::PreconditionFailed, text),
                version: Some(there),
            });
        }
        record
            .twin
            .patch(Section::Reported, &patch, rules, wall)
            .map_err(|e| refused(ErrorCode::ArgumentInvalid, e.to_string()))?;
        let version = record.twin.reported.version;
        self.count_twin_write(slot);
        Ok((patch, version))
    }

    fn answer_refusal(&mut self, slot: Slot, rid: &str, refusal: &Refusal) {
        let tracking = self.rng.guid();
        let body = refusal.error.mqtt_body(&tracking, &format_round_trip(self.wall_ms().cast_signed()), None);
        let status = refusal.error.code.http_status();
        let topic = topic::twin_answer(status, rid, refusal.version);
        self.publish_to(slot, Wanted::TwinAnswers, &topic, body.to_string().as_bytes());
    }

    /// Tells a connected device what changed. Offline devices read their twin when they come back.
    pub(crate) fn send_desired(&mut self, slot: Slot, patch: &Object, version: u64) {
        let mut body = patch.clone();
        body.insert("$version".to_owned(), Value::from(version));
        let text = Value::Object(body).to_string();
        self.publish_to(slot, Wanted::Desired, &topic::desired_patch(version), text.as_bytes());
    }
}
