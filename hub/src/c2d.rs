//! Cloud-to-device messages: queued until acknowledged, delivered when the device listens, expired, counted.

use crate::event::Happening;
use crate::hub::Hub;
use crate::link::InFlight;
use crate::queue::{Ack, Waiting};
use crate::registry::Slot;
use crate::session::Wanted;
use crate::timers::Timer;
use crate::traffic::Operation;
use iothub_protocol::bag;
use iothub_protocol::identity::Identity;
use iothub_protocol::limits;
use iothub_protocol::packet::{QoS, write_publish};
use iothub_protocol::service_error::{ErrorCode, ServiceError};
use iothub_protocol::system_property::SystemProperty;
use iothub_protocol::time::format_round_trip;
use iothub_protocol::topic;
use std::sync::Arc;

/// A cloud-to-device message as a service sends it.
#[derive(Debug, Clone, Default)]
pub struct C2dMessage {
    /// The body.
    pub body: Vec<u8>,
    /// `$.mid`; the hub makes one up when there is none.
    pub message_id: Option<String>,
    /// `$.cid`.
    pub correlation_id: Option<String>,
    /// `$.uid`.
    pub user_id: Option<String>,
    /// `$.ct`.
    pub content_type: Option<String>,
    /// `$.ce`.
    pub content_encoding: Option<String>,
    /// `$.exp`, in milliseconds since 1970.
    pub expiry_ms: Option<u64>,
    /// Feedback that the sender wants.
    pub ack: Ack,
    /// Application properties, in order; no value is not an empty value.
    pub properties: Vec<(String, Option<String>)>,
}

impl Hub {
    /// Queues a message for a device or module and delivers it if that listens. Gives the message's id.
    ///
    /// # Errors
    /// 404001 or 404010 for an unknown identity, 403004 for a full queue, 413001 and 400004 for the message itself.
    pub fn send_c2d(
        &mut self,
        identity: &Identity,
        message: C2dMessage,
        now: crate::Now,
    ) -> Result<String, ServiceError> {
        self.now = now;
        let slot = self.slot_of(identity)?;
        self.count_call(Operation::SendC2d)?;
        check_size(&message)?;
        let wall = self.wall_ms();
        check_fields(&message, wall)?;
        let message_id = message.message_id.clone().unwrap_or_else(|| self.rng.guid());
        let waiting = Waiting {
            sequence: self.next_sequence,
            bag: self.bag_of(identity, &message_id, &message),
            message_id: message_id.clone(),
            body: message.body,
            ack: message.ack,
            enqueued_ms: wall,
            expires_ms: message.expiry_ms.unwrap_or(wall + self.config.default_ttl_ms),
            deliveries: 0,
            locked: false,
        };
        check_topic(identity, &waiting.bag)?;
        self.enqueue(slot, waiting)?;
        Ok(message_id)
    }

    fn bag_of(&self, identity: &Identity, message_id: &str, message: &C2dMessage) -> String {
        let switches = self.config.switches;
        let last = if switches.camel_case_to { "deviceBound" } else { "devicebound" };
        let bag = write_bag(&format!("/devices/{}/messages/{last}", path_of(identity)), message_id, message);
        if switches.question_mark_bag { format!("?{bag}") } else { bag }
    }

    fn enqueue(&mut self, slot: Slot, waiting: Waiting) -> Result<(), ServiceError> {
        self.expire_messages(slot);
        let Some(record) = self.registry.get_mut(slot) else { return Ok(()) };
        if record.queue.is_full() {
            let text = format!("{} messages wait for \"{}\" already", limits::C2D_QUEUE, record.identity);
            return Err(ServiceError::new(ErrorCode::DeviceMaximumQueueDepthExceeded, text));
        }
        self.next_sequence += 1;
        let sequence = waiting.sequence;
        let message_id = waiting.message_id.clone();
        record.queue.push(waiting);
        let identity = Arc::clone(&record.identity);
        self.touch_message(&identity, sequence);
        self.happened(Some(identity), Happening::C2d { state: "queued", message_id, deliveries: 0 });
        self.deliver_waiting(slot);
        self.arm_expiry(slot);
        Ok(())
    }

    /// Puts on the link what waits, in order, if the device listens for it.
    pub(crate) fn deliver_waiting(&mut self, slot: Slot) {
        self.expire_messages(slot);
        let limit =
            if self.config.switches.count_redeliveries { self.config.max_delivery_count } else { u32::MAX };
        let Some(record) = self.registry.get_mut(slot) else { return };
        let dead = record.queue.take_where(|m| !m.locked && m.deliveries >= limit);
        self.bury(slot, dead, "dead-lettered", "DeliveryCountExceeded");
        while let Some(sequence) = self.next_deliverable(slot) {
            self.deliver(slot, sequence);
        }
    }

    fn next_deliverable(&self, slot: Slot) -> Option<u64> {
        let record = self.registry.get(slot)?;
        record.link?;
        record.session.as_ref()?.granted(Wanted::Devicebound)?;
        record.queue.iter().find(|m| !m.locked).map(|m| m.sequence)
    }

    fn deliver(&mut self, slot: Slot, sequence: u64) {
        let copies = if self.faults.is_empty() { 1 } else { self.fault_copies(slot) };
        let Some(record) = self.registry.get_mut(slot) else { return };
        let (Some(link), Some(session)) = (record.link, &record.session) else { return };
        let qos = session.granted(Wanted::Devicebound).unwrap_or(0);
        let identity = Arc::clone(&record.identity);
        let Some(message) = record.queue.iter_mut().find(|m| m.sequence == sequence) else { return };
        message.locked = true;
        message.deliveries = message.deliveries.saturating_add(1);
        let (again, deliveries) = (message.deliveries > 1, message.deliveries);
        let (message_id, body) = (message.message_id.clone(), message.body.clone());
        let topic = topic_of(&identity, &message.bag);
        self.touch_message(&identity, sequence);
        let Some(state) = self.links.get_mut(&link) else { return };
        let Some(session) = state.session.as_mut() else { return };
        let (qos, id) = match qos {
            0 => (QoS::AtMostOnce, 0),
            _ => (QoS::AtLeastOnce, session.assign_id(InFlight::C2d { sequence })),
        };
        for copy in 0..copies {
            if let Some(out) = self.out(link) {
                // The topic's length was checked when the message was queued.
                let _ = write_publish(out, &topic, &body, qos, id, id > 0 && (again || copy > 0));
            }
        }
        self.note_activity(slot);
        self.happened(Some(identity), Happening::C2d { state: "delivered", message_id, deliveries });
        if qos == QoS::AtMostOnce {
            // Nothing will acknowledge it.
            self.complete_message(slot, sequence);
        }
    }

    /// PUBACK: the message is done.
    pub(crate) fn complete_message(&mut self, slot: Slot, sequence: u64) {
        let Some(message) = self.registry.get_mut(slot).and_then(|record| record.queue.take(sequence)) else {
            return;
        };
        self.bury(slot, vec![message], "completed", "Success");
    }

    /// Moves what has expired, and is on no link, to where nobody can read it.
    pub(crate) fn expire_messages(&mut self, slot: Slot) {
        let wall = self.wall_ms();
        let Some(record) = self.registry.get_mut(slot) else { return };
        let expired = record.queue.take_expired(wall);
        if !expired.is_empty() {
            self.bury(slot, expired, "expired", "Expired");
        }
        self.arm_expiry(slot);
    }

    pub(crate) fn arm_expiry(&mut self, slot: Slot) {
        let wall = self.wall_ms();
        let Some(next) = self.registry.get(slot).and_then(|record| record.queue.next_expiry()) else {
            return;
        };
        if next > wall && !self.clock.is_stopped() {
            self.timers.arm(self.now.mono_ms + (next - wall), Timer::Queue(slot));
        }
    }

    /// Drops all that waits and is on no link; gives how many.
    pub(crate) fn purge(&mut self, slot: Slot) -> usize {
        let Some(record) = self.registry.get_mut(slot) else { return 0 };
        let purged = record.queue.take_all();
        let count = purged.len();
        self.bury(slot, purged, "purged", "Purged");
        count
    }

    fn bury(&mut self, slot: Slot, messages: Vec<Waiting>, state: &'static str, status: &'static str) {
        let Some(record) = self.registry.get(slot).filter(|_| !messages.is_empty()) else { return };
        let (identity, generation) = (Arc::clone(&record.identity), record.generation_id.clone());
        for message in messages {
            self.touch_message(&identity, message.sequence);
            self.collect_feedback(&identity, &generation, &message, status);
            let Waiting { message_id, deliveries, .. } = message;
            self.happened(Some(Arc::clone(&identity)), Happening::C2d { state, message_id, deliveries });
        }
    }
}

/// Whether a message can have a topic: its bag has to fit into it, and no name in it may be a wildcard, which the
/// registry takes in ids. For what is sent, and for what is read back, so that nothing is accepted that can not be
/// kept or delivered.
pub(crate) fn check_topic(identity: &Identity, bag: &str) -> Result<(), ServiceError> {
    let topic = topic_of(identity, bag);
    if topic.contains(['+', '#']) {
        let text = format!(
            "no message reaches \"{identity}\" over MQTT: + and # are wildcards, a topic name can't hold them; \
             register the device under another id"
        );
        return Err(ServiceError::new(ErrorCode::ArgumentInvalid, text));
    }
    if topic.len() > limits::TOPIC_BYTES {
        let text = format!(
            "the properties make a topic of {} bytes, an MQTT topic has at most {}",
            topic.len(),
            limits::TOPIC_BYTES
        );
        return Err(ServiceError::new(ErrorCode::MessageTooLarge, text));
    }
    Ok(())
}

/// An identity in topics. Modules have messages, too: PROTOCOL 5, "C2D subscribe, module".
fn path_of(identity: &Identity) -> String {
    match identity.module() {
        Some(module) => format!("{}/modules/{module}", identity.device_id),
        None => identity.device_id.clone(),
    }
}

/// Where a message is published.
fn topic_of(identity: &Identity, bag: &str) -> String {
    topic::c2d(&path_of(identity), bag)
}

/// The longest that a message may wait: the most that the time to live of a hub can be set to.
const LIFE_MS_MAX: u64 = 48 * 3_600_000;

/// What the hub takes for the id, the expiry and the properties of a message.
fn check_fields(message: &C2dMessage, wall_ms: u64) -> Result<(), ServiceError> {
    let bad = |text: String| Err(ServiceError::new(ErrorCode::ArgumentInvalid, text));
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-:.+%_#*?!(),=@;$'".contains(c);
    let strange = |id: &String| id.is_empty() || id.len() > limits::ID_CHARS || !id.chars().all(allowed);
    if message.message_id.as_ref().is_some_and(strange) {
        let most = limits::ID_CHARS;
        return bad(format!(
            "messageId has 1 to {most} ASCII letters, digits and - : . + % _ # * ? ! ( ) , = @ ; $ '"
        ));
    }
    match message.expiry_ms {
        Some(expiry) if expiry <= wall_ms => return bad("expiryTimeUtc has passed already".to_owned()),
        Some(expiry) if expiry > wall_ms.saturating_add(LIFE_MS_MAX) => {
            return bad(
                "expiryTimeUtc is more than two days away, which is the longest that a message waits"
                    .to_owned(),
            );
        }
        _ => {}
    }
    for (name, _) in &message.properties {
        if name.is_empty() {
            return bad("a property has an empty name".to_owned());
        }
        if name.starts_with("$.") || SystemProperty::from_bag_key(name).is_some() {
            return bad(format!(
                "property \"{name}\" is one of the hub's own: set it by its field, such as \"ack\""
            ));
        }
    }
    Ok(())
}

fn check_size(message: &C2dMessage) -> Result<(), ServiceError> {
    let text = |value: &Option<String>| value.as_ref().map_or(0, String::len);
    let properties: usize = message
        .properties
        .iter()
        .map(|(name, value)| name.len() + value.as_ref().map_or(0, String::len))
        .sum();
    let system = text(&message.message_id)
        + text(&message.correlation_id)
        + text(&message.user_id)
        + text(&message.content_type)
        + text(&message.content_encoding);
    let bytes = message.body.len() + properties + system;
    if bytes > limits::C2D_MESSAGE_BYTES {
        let text = format!("the message has {bytes} bytes, {} are allowed", limits::C2D_MESSAGE_BYTES);
        return Err(ServiceError::new(ErrorCode::MessageTooLarge, text));
    }
    Ok(())
}

/// The bag as the hub writes it: system properties with `%24.`, then the application's.
fn write_bag(to: &str, message_id: &str, message: &C2dMessage) -> String {
    let mut out = Vec::new();
    let mut writer = bag::Writer::new(&mut out);
    let mut system = |property: SystemProperty, value: Option<&str>| {
        if let Some(value) = value {
            writer.push_encoded_name(property.written_key(), value);
        }
    };
    system(SystemProperty::CorrelationId, message.correlation_id.as_deref());
    system(SystemProperty::MessageId, Some(message_id));
    system(SystemProperty::To, Some(to));
    system(SystemProperty::UserId, message.user_id.as_deref());
    system(SystemProperty::ContentType, message.content_type.as_deref());
    system(SystemProperty::ContentEncoding, message.content_encoding.as_deref());
    let expiry = message.expiry_ms.map(|ms| format_round_trip(ms.cast_signed()));
    system(SystemProperty::AbsoluteExpiryTime, expiry.as_deref());
    if message.ack != Ack::None {
        system(SystemProperty::Ack, Some(message.ack.name()));
    }
    for (name, value) in &message.properties {
        writer.push(name, value.as_deref());
    }
    // Percent-encoding writes ASCII only.
    String::from_utf8(out).unwrap_or_default()
}
