//! PUBLISH from a device: telemetry, twin requests, method answers. Telemetry is the hot path: one look at the
//! topic, one copy of bag and body, four bytes of PUBACK.

use crate::event::{Event, Happening, Sender, Telemetry};
use crate::fault::AckFate;
use crate::hub::Hub;
use crate::link::{LinkId, Will};
use crate::reason::{Cause, Reason, shown};
use iothub_protocol::bag;
use iothub_protocol::limits;
use iothub_protocol::packet::{Publish, QoS, write_puback};
use iothub_protocol::system_property::SystemProperty;
use iothub_protocol::topic::{DeviceTopic, TopicError};
use std::sync::Arc;

/// What the topic of a twin answer has besides the request's id.
const ANSWER_ROOM: usize = 64;

impl Hub {
    pub(crate) fn handle_publish(&mut self, link: LinkId, publish: Publish) -> Result<(), Cause> {
        if publish.qos == QoS::ExactlyOnce {
            let detail = "PUBLISH with QoS 2: the hub takes QoS 0 and 1";
            return Err(Cause::new(Reason::Qos2Publish, detail));
        }
        match DeviceTopic::parse(&publish.topic) {
            Ok(DeviceTopic::Telemetry { device, module, bag }) => {
                self.take_telemetry(link, &publish, device, module, bag)?;
                return self.acknowledge(link, &publish);
            }
            Ok(DeviceTopic::TwinGet { rid } | DeviceTopic::ReportedPatch { rid, .. })
                if rid.len() > limits::TOPIC_BYTES - ANSWER_ROOM =>
            {
                let detail = format!("a $rid of {} bytes: no topic has room to answer it", rid.len());
                return Err(Cause::new(Reason::UnknownTopic, detail));
            }
            Ok(DeviceTopic::TwinGet { rid }) => self.answer_twin_get(link, rid),
            Ok(DeviceTopic::ReportedPatch { rid, version }) => {
                self.answer_reported_patch(link, rid, version, &publish.payload);
            }
            Ok(DeviceTopic::MethodAnswer { status, rid }) => {
                self.take_method_answer(link, rid, status, &publish.payload);
            }
            Err(_) if self.config.switches.store_unmatched => self.store_unmatched(link, &publish),
            Err(error) if self.config.switches.lenient => {
                self.tell_refused(link, unknown_topic(&publish.topic, error));
            }
            Err(error) => return Err(unknown_topic(&publish.topic, error)),
        }
        self.acknowledge(link, &publish)
    }

    fn acknowledge(&mut self, link: LinkId, publish: &Publish) -> Result<(), Cause> {
        if publish.qos == QoS::AtMostOnce {
            return Ok(());
        }
        if !self.faults.is_empty() {
            match self.fault_on_puback(link) {
                AckFate::Send => {}
                AckFate::Drop => return Ok(()),
            }
        }
        if let Some(out) = self.out(link) {
            write_puback(out, publish.pkid);
        }
        Ok(())
    }

    fn take_telemetry(
        &mut self,
        link: LinkId,
        publish: &Publish,
        device: &str,
        module: Option<&str>,
        bag: &str,
    ) -> Result<(), Cause> {
        let Some(session) = self.links.get(&link).and_then(|state| state.session.as_ref()) else {
            return Ok(());
        };
        let identity = &session.sender.identity;
        if device != identity.device_id || module != identity.module() {
            let detail = format!(
                "{identity} published to \"{}\", which belongs to another identity",
                shown(&publish.topic)
            );
            return Err(Cause::new(Reason::ForeignTopic, detail));
        }
        check_size(bag, &publish.payload)?;
        let sender = Arc::clone(&session.sender);
        self.count_telemetry(link, publish.payload.len() + bag.len())?;
        let telemetry = Telemetry {
            retain_property: publish.retain.then(|| self.retain_name()),
            dup: publish.dup,
            will: false,
            qos: publish.qos as u8,
            ..stored(sender, bag, &publish.payload)
        };
        self.push_telemetry(telemetry);
        Ok(())
    }

    /// As in 2016: the topic becomes a property of a message.
    fn store_unmatched(&mut self, link: LinkId, publish: &Publish) {
        let Some(session) = self.links.get(&link).and_then(|state| state.session.as_ref()) else { return };
        let marks = [("$PG.Unmatched", Some("True")), ("$PG.Subject", Some(publish.topic.as_str()))];
        let telemetry = stored(Arc::clone(&session.sender), &bag::write(marks), &publish.payload);
        self.push_telemetry(Telemetry { qos: publish.qos as u8, ..telemetry });
    }

    pub(crate) fn publish_will(&mut self, sender: &Arc<Sender>, will: &Will) {
        let stored = stored(Arc::clone(sender), &will.bag, &will.body);
        self.push_telemetry(Telemetry { will: true, qos: will.qos, ..stored });
    }

    fn push_telemetry(&mut self, telemetry: Telemetry) {
        let identity = Some(Arc::clone(&telemetry.sender.identity));
        let event = Event {
            id: self.events.next_id(),
            at_ms: self.wall_ms(),
            identity,
            happening: Happening::Telemetry(telemetry),
        };
        self.events.push(event);
    }

    fn retain_name(&self) -> &'static str {
        if self.config.switches.old_retain_name { "x-opt-retain" } else { "mqtt-retain" }
    }
}

/// Bag and body in one allocation.
fn stored(sender: Arc<Sender>, bag: &str, body: &[u8]) -> Telemetry {
    let mut bytes = Vec::with_capacity(bag.len() + body.len());
    bytes.extend_from_slice(bag.as_bytes());
    bytes.extend_from_slice(body);
    Telemetry {
        sender,
        body_at: bag.len(),
        bytes: bytes.into_boxed_slice(),
        retain_property: None,
        dup: false,
        will: false,
        qos: 0,
    }
}

/// Body, values of system properties, names and values of application properties: 256 KB.
fn check_size(bag: &str, body: &[u8]) -> Result<(), Cause> {
    // The encoded bag is never shorter than what it holds, so most messages need no second look.
    if bag.len() + body.len() <= limits::D2C_MESSAGE_BYTES {
        return Ok(());
    }
    let properties: usize = bag::read(bag)
        .iter()
        .map(|property| {
            let name =
                if SystemProperty::from_bag_key(&property.name).is_some() { 0 } else { property.name.len() };
            name + property.value.as_ref().map_or(0, String::len)
        })
        .sum();
    let bytes = properties + body.len();
    if bytes <= limits::D2C_MESSAGE_BYTES {
        return Ok(());
    }
    let detail = format!("a message of {bytes} bytes came, the hub takes {}", limits::D2C_MESSAGE_BYTES);
    Err(Cause::new(Reason::MessageTooLarge, detail))
}

fn unknown_topic(topic: &str, error: TopicError) -> Cause {
    Cause::new(Reason::UnknownTopic, format!("PUBLISH to \"{}\": {error}", shown(topic)))
}
