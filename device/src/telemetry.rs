//! A telemetry message on its way to the wire: checked against the hub's limits, then written once.
//!
//! The hub answers every one of these faults with a closed link and no word, so they are found here.

use crate::error::{Code, Error};
use iothub_protocol::bag::Writer;
use iothub_protocol::limits::{D2C_MESSAGE_BYTES, ID_CHARS, TOPIC_BYTES};
use iothub_protocol::packet::{PacketError, QoS, WrittenPublish};
use iothub_protocol::system_property::SystemProperty;

/// Room for escapes that a bag may need beyond its plain length.
const ESCAPES: usize = 16;

/// A message to send. It borrows everything: what is kept of it is the written packet.
#[derive(Debug, Clone, Copy)]
pub struct Message<'m> {
    /// The body, up to 256 KB together with the properties.
    pub body: &'m [u8],
    /// System properties that the application set.
    pub system: &'m [(SystemProperty, &'m str)],
    /// Application properties, in order.
    pub properties: &'m [(&'m str, &'m str)],
    /// 0 or 1.
    pub qos: QoS,
}

/// Writes the PUBLISH of a message under `prefix` (see `topic::telemetry_prefix`).
pub(crate) fn write(prefix: &str, message: &Message<'_>) -> Result<WrittenPublish, Error> {
    let bag_hint = check(message)?;
    let written = WrittenPublish::new(message.qos, false, message.body, prefix.len() + bag_hint, |topic| {
        topic.extend_from_slice(prefix.as_bytes());
        write_bag(topic, message);
    });
    written.map_err(|error| match error {
        PacketError::StringTooLong { bytes, .. } => Error::new(
            Code::TopicTooLong,
            format!(
                "the message's properties make a topic of {bytes} bytes, MQTT allows {TOPIC_BYTES}: move them into the body"
            ),
        ),
        other => Error::new(Code::Internal, other.to_string()),
    })
}

/// The property bag of a message as text; a will has one too.
///
/// # Errors
/// The same checks as for a message.
pub fn bag_of(message: &Message<'_>) -> Result<String, Error> {
    check(message)?;
    let mut bag = Vec::new();
    write_bag(&mut bag, message);
    // Percent-encoding writes ASCII only.
    Ok(String::from_utf8(bag).unwrap_or_default())
}

fn write_bag(out: &mut Vec<u8>, message: &Message<'_>) {
    let mut bag = Writer::new(out);
    for (property, value) in message.system {
        bag.push_encoded_name(property.written_key(), value);
    }
    for (name, value) in message.properties {
        bag.push(name, Some(value));
    }
}

/// Checks the hub's limits; gives a guess of the bag's length.
fn check(message: &Message<'_>) -> Result<usize, Error> {
    if message.qos == QoS::ExactlyOnce {
        return Err(Error::new(
            Code::QualityOfService,
            "qos is 2; the hub closes the link on QoS 2: use 1 (at least once) or 0",
        ));
    }
    let mut size = message.body.len();
    let mut bag = 0;
    for (property, value) in message.system {
        check_system(*property, value)?;
        size += value.len();
        bag += value.len() + 12;
    }
    for (name, value) in message.properties {
        check_name(name)?;
        size += name.len() + value.len();
        bag += name.len() + value.len() + 2;
    }
    if size > D2C_MESSAGE_BYTES {
        return Err(Error::new(
            Code::MessageTooLarge,
            format!(
                "the message has {size} bytes with its properties, the hub allows {D2C_MESSAGE_BYTES}: split it, or upload a file"
            ),
        ));
    }
    // A few escapes more than guessed would move the whole packet.
    Ok(bag + ESCAPES)
}

fn check_system(property: SystemProperty, value: &str) -> Result<(), Error> {
    let is_id = matches!(property, SystemProperty::MessageId | SystemProperty::CorrelationId);
    // As many bytes at least.
    if is_id && value.len() > ID_CHARS {
        let (name, chars) = (property.routing_name(), value.chars().count());
        if chars > ID_CHARS {
            let text = format!("{name} has {chars} characters, the hub allows {ID_CHARS}");
            return Err(Error::new(Code::Argument, text));
        }
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), Error> {
    if name.is_empty() {
        return Err(Error::new(Code::PropertyName, "a property has an empty name: the hub would drop it"));
    }
    if name.starts_with("$.") || SystemProperty::from_bag_key(name).is_some() {
        return Err(Error::new(
            Code::PropertyName,
            format!(
                "\"{name}\" is one of the hub's own names: use the message's named fields (messageId, contentType, …)"
            ),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use iothub_protocol::packet::{Decoder, Packet};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const PREFIX: &str = "devices/d/messages/events/";

    fn message<'m>(body: &'m [u8], properties: &'m [(&'m str, &'m str)]) -> Message<'m> {
        Message { body, system: &[], properties, qos: QoS::AtLeastOnce }
    }

    fn topic_of(message: &Message<'_>) -> String {
        let mut decoder = Decoder::new(1 << 20);
        let mut written = write(PREFIX, message).unwrap();
        written.set_id(1);
        decoder.push(written.as_bytes());
        match decoder.next_packet().unwrap() {
            Some(Packet::Publish(publish)) => publish.topic,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_id_is_measured_in_characters() {
        for (id, is_good) in [
            ("m".repeat(128), true),
            ("m".repeat(129), false),
            ("я".repeat(128), true),
            ("я".repeat(129), false),
        ] {
            let system = [(SystemProperty::MessageId, id.as_str())];
            let written = write(PREFIX, &Message { system: &system, ..message(b"x", &[]) });
            assert_eq!(written.is_ok(), is_good, "{id}");
            if let Err(error) = written {
                assert_eq!(error.message, "message-id has 129 characters, the hub allows 128");
            }
        }
    }

    #[test]
    fn trap_24_a_bag_is_written_behind_the_prefix_with_everything_escaped() {
        let system =
            [(SystemProperty::MessageId, "m 1/ä"), (SystemProperty::ContentType, "application/json")];
        let message = Message { system: &system, ..message(b"{}", &[("a b", "+/#"), ("empty", "")]) };
        assert_eq!(
            topic_of(&message),
            "devices/d/messages/events/%24.mid=m%201%2F%C3%A4&%24.ct=application%2Fjson&a%20b=%2B%2F%23&empty="
        );
    }

    #[test]
    fn trap_2_nothing_stands_before_the_bag() {
        assert_eq!(topic_of(&message(b"", &[("a", "1")])), "devices/d/messages/events/a=1");
        assert_eq!(topic_of(&message(b"", &[])), PREFIX);
    }

    #[test]
    fn trap_19_what_is_too_large_is_refused_here() {
        let body = vec![0; D2C_MESSAGE_BYTES];
        assert!(write(PREFIX, &message(&body, &[])).is_ok());
        let code = |message: &Message<'_>| write(PREFIX, message).unwrap_err().code;
        assert_eq!(code(&message(&body, &[("a", "")])), Code::MessageTooLarge);
        let long = "x".repeat(65_600);
        assert_eq!(code(&message(b"", &[("a", &long)])), Code::TopicTooLong);
        let mut exactly_once = message(b"", &[]);
        exactly_once.qos = QoS::ExactlyOnce;
        assert_eq!(code(&exactly_once), Code::QualityOfService);
    }

    #[test]
    fn reserved_and_empty_names_are_refused() {
        for name in ["", "$.mid", "$.custom", "iothub-creation-time-utc", "dt-subject"] {
            assert_eq!(
                write(PREFIX, &message(b"", &[(name, "v")])).unwrap_err().code,
                Code::PropertyName,
                "{name}"
            );
        }
        assert!(write(PREFIX, &message(b"", &[("$x", "v")])).is_ok());
    }
}
