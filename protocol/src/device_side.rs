//! The packets of the device's end of a link, read and written in place: what a hub sends is lent out of the bytes
//! that came, CONNECT and SUBSCRIBE go straight into the link's buffer. The device uses nothing else, so a page
//! downloads nothing else (docs/decisions/0005); `packet.rs` is the whole codec, and the tests hold one against the
//! other.

use crate::packet::{PacketError, QoS, write_remaining_length};

/// A packet that a hub sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FromHub<'b> {
    /// The answer to CONNECT.
    ConnAck {
        /// The hub kept the last session.
        session_present: bool,
        /// 0 is yes; 1 to 5 are the reasons of MQTT 3.1.1.
        code: u8,
    },
    /// A message.
    Publish(Received<'b>),
    /// The answer to a PUBLISH of QoS 1.
    PubAck {
        /// Its packet id.
        id: u16,
    },
    /// The answer to a SUBSCRIBE.
    SubAck {
        /// Its packet id.
        id: u16,
        /// One code for each filter: the granted QoS, or 0x80.
        granted: &'b [u8],
    },
    /// A packet that a device does nothing about.
    Other,
}

/// A PUBLISH from the hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received<'b> {
    /// The hub has sent it before.
    pub dup: bool,
    /// 0, 1 or 2.
    pub qos: QoS,
    /// The packet id; 0 for QoS 0.
    pub id: u16,
    /// Where it was published.
    pub topic: &'b str,
    /// The body.
    pub payload: &'b [u8],
}

/// Takes the first packet off `rest`; none while it is not whole.
///
/// # Errors
/// [`PacketError`] when the bytes are not MQTT, or announce more than `limit` bytes.
pub fn read<'b>(rest: &mut &'b [u8], limit: usize) -> Result<Option<FromHub<'b>>, PacketError> {
    let length = match mqttbytes::check(rest.iter(), limit) {
        Ok(header) => header.frame_length(),
        Err(mqttbytes::Error::InsufficientBytes(_)) => return Ok(None),
        Err(mqttbytes::Error::PayloadSizeLimitExceeded(bytes)) => {
            return Err(PacketError::TooLarge { bytes, limit });
        }
        Err(_) => return Err(malformed("its length is no length")),
    };
    let (packet, behind) = rest.split_at(length);
    *rest = behind;
    // The length has up to four bytes, the last of them below 0x80.
    let head = 2 + packet.iter().skip(1).take_while(|byte| **byte >= 0x80).count();
    let (first, body) = (packet.first().copied().unwrap_or(0), packet.get(head..).unwrap_or(&[]));
    read_body(first, body).map(Some)
}

fn read_body(first: u8, body: &[u8]) -> Result<FromHub<'_>, PacketError> {
    match (first >> 4, body) {
        (2, [flags, code @ 0..=5, ..]) => {
            Ok(FromHub::ConnAck { session_present: flags & 1 == 1, code: *code })
        }
        (3, _) => read_publish(first, body).map(FromHub::Publish),
        (4, [high, low, ..]) => Ok(FromHub::PubAck { id: u16::from_be_bytes([*high, *low]) }),
        (9, [high, low, granted @ ..]) if are_codes(granted) => {
            Ok(FromHub::SubAck { id: u16::from_be_bytes([*high, *low]), granted })
        }
        (2 | 4 | 9, _) => Err(malformed("an answer has a wrong length or code")),
        (0 | 15, _) => Err(malformed("there is no packet of its type")),
        _ => Ok(FromHub::Other),
    }
}

fn read_publish(first: u8, body: &[u8]) -> Result<Received<'_>, PacketError> {
    let cut = || malformed("a PUBLISH is cut off");
    let (topic, behind) = take_text(body).ok_or_else(cut)?;
    let topic = std::str::from_utf8(topic).map_err(|_| malformed("a topic is not UTF-8"))?;
    let qos = mqttbytes::qos(first >> 1 & 3).map_err(|_| malformed("a PUBLISH has QoS 3"))?;
    let (id, payload) = match (qos, behind) {
        (QoS::AtMostOnce, payload) => (0, payload),
        (_, [0, 0, ..]) => return Err(malformed("a PUBLISH has the packet id 0")),
        (_, [high, low, payload @ ..]) => (u16::from_be_bytes([*high, *low]), payload),
        _ => return Err(cut()),
    };
    Ok(Received { dup: first & 8 != 0, qos, id, topic, payload })
}

fn are_codes(granted: &[u8]) -> bool {
    !granted.is_empty() && granted.iter().all(|code| matches!(code, 0..=2 | 0x80))
}

/// A string or bytes with their length before them, and what stands behind.
fn take_text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let ([high, low], rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes([*high, *low])))
}

#[cold]
fn malformed(what: &str) -> PacketError {
    PacketError::Malformed(what.to_owned())
}

/// A CONNECT as a device writes it: MQTT 3.1.1, with user name and password.
#[derive(Debug, Clone, Copy)]
pub struct Hello<'h> {
    /// See `Identity::client_id`.
    pub client_id: &'h str,
    /// Seconds.
    pub keep_alive: u16,
    /// The hub shall forget the kept session.
    pub clean_session: bool,
    /// Topic, body and QoS of the last will.
    pub will: Option<(&'h str, &'h [u8], QoS)>,
    /// See `identity::UserName`.
    pub user_name: &'h str,
    /// The token.
    pub password: &'h str,
}

/// Appends a CONNECT.
///
/// # Errors
/// [`PacketError::StringTooLong`] names the field that does not fit; nothing is appended then.
pub fn write_connect(out: &mut Vec<u8>, hello: &Hello<'_>) -> Result<(), PacketError> {
    let mut flags = 0xc0 | u8::from(hello.clean_session) << 1;
    let [keep_high, keep_low] = hello.keep_alive.to_be_bytes();
    let mut fields = vec![("client id", hello.client_id.as_bytes())];
    if let Some((topic, body, qos)) = hello.will {
        flags |= 4 | (qos as u8) << 3;
        fields.push(("will topic", topic.as_bytes()));
        fields.push(("will message", body));
    }
    fields.push(("user name", hello.user_name.as_bytes()));
    fields.push(("password", hello.password.as_bytes()));
    let mut body = vec![0, 4, b'M', b'Q', b'T', b'T', 4, flags, keep_high, keep_low];
    for (what, bytes) in fields {
        push_text(&mut body, what, bytes)?;
    }
    push_packet(out, 0x10, &body);
    Ok(())
}

/// Appends a SUBSCRIBE.
///
/// # Errors
/// [`PacketError::StringTooLong`] when a filter does not fit; nothing is appended then.
pub fn write_subscribe(out: &mut Vec<u8>, id: u16, filters: &[(String, QoS)]) -> Result<(), PacketError> {
    let mut body = id.to_be_bytes().to_vec();
    for (filter, qos) in filters {
        push_text(&mut body, "filter", filter.as_bytes())?;
        body.push(*qos as u8);
    }
    push_packet(out, 0x82, &body);
    Ok(())
}

fn push_text(out: &mut Vec<u8>, what: &'static str, bytes: &[u8]) -> Result<(), PacketError> {
    let Ok(length) = u16::try_from(bytes.len()) else {
        return Err(PacketError::StringTooLong { what, bytes: bytes.len() });
    };
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(bytes);
    Ok(())
}

fn push_packet(out: &mut Vec<u8>, first: u8, body: &[u8]) {
    let mut head = [first, 0, 0, 0, 0];
    let length = write_remaining_length(&mut head, body.len());
    out.extend_from_slice(&head[..length]);
    out.extend_from_slice(body);
}

/// A CONNECT with another password, which is `instead` of the one that it has; none for bytes that are no CONNECT
/// with a password. For inspectors, which must not see a signature.
#[must_use]
pub fn with_password(connect: &[u8], instead: impl FnOnce(&str) -> String) -> Option<Vec<u8>> {
    let head = 2 + connect.iter().skip(1).take_while(|byte| **byte >= 0x80).count();
    let body = connect.get(head..).filter(|_| connect.first().is_some_and(|first| first >> 4 == 1))?;
    let flags = *body.get(7)?;
    // Name, level, flags, keep-alive; then client id, will topic and message, user name.
    let mut rest = body.get(10..)?;
    let strings = 1 + usize::from(flags >> 2 & 1) * 2 + usize::from(flags >> 7);
    for _ in 0..strings {
        rest = take_text(rest)?.1;
    }
    let (password, _) = take_text(rest).filter(|_| flags & 0x40 != 0)?;
    let mut changed = body[..body.len() - rest.len()].to_vec();
    push_text(&mut changed, "password", instead(std::str::from_utf8(password).ok()?).as_bytes()).ok()?;
    let mut out = Vec::new();
    push_packet(&mut out, 0x10, &changed);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::TOPIC_BYTES;
    use crate::packet::{self, Connect, Decoder, LastWill, Packet, SubscribeReasonCode};
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn by_codec(bytes: &[u8]) -> Result<Option<Packet>, PacketError> {
        let mut decoder = Decoder::new(4096);
        decoder.push(bytes);
        decoder.next_packet()
    }

    /// Whether both say the same of the first packet, as far as a device looks at it.
    fn agree(bytes: &[u8]) -> bool {
        let mut rest = bytes;
        match (read(&mut rest, 4096), by_codec(bytes)) {
            (Ok(Some(ours)), Ok(Some(packet))) => same(ours, &packet),
            (Ok(None), Ok(None)) => true,
            (Err(ours), Err(theirs)) => {
                matches!(ours, PacketError::TooLarge { .. }) == matches!(theirs, PacketError::TooLarge { .. })
            }
            // What a device does nothing about is not looked into.
            (Ok(Some(FromHub::Other)), Err(_)) => true,
            _ => false,
        }
    }

    fn same(ours: FromHub<'_>, packet: &Packet) -> bool {
        match (ours, packet) {
            (FromHub::ConnAck { session_present, code }, Packet::ConnAck(ack)) => {
                (session_present, code) == (ack.session_present, ack.code as u8)
            }
            (FromHub::Publish(ours), Packet::Publish(theirs)) => {
                (ours.dup, ours.qos, ours.id) == (theirs.dup, theirs.qos, theirs.pkid)
                    && (ours.topic, ours.payload) == (&theirs.topic, &theirs.payload[..])
            }
            (FromHub::PubAck { id }, Packet::PubAck(ack)) => id == ack.pkid,
            (FromHub::SubAck { id, granted }, Packet::SubAck(ack)) => {
                let codes = ack.return_codes.iter().map(|code| match code {
                    SubscribeReasonCode::Success(qos) => *qos as u8,
                    SubscribeReasonCode::Failure => 0x80,
                });
                id == ack.pkid && codes.eq(granted.iter().copied())
            }
            (FromHub::Other, packet) => !matches!(
                packet,
                Packet::ConnAck(_) | Packet::Publish(_) | Packet::PubAck(_) | Packet::SubAck(_)
            ),
            _ => false,
        }
    }

    #[test]
    fn what_a_hub_sends_is_what_the_codec_reads() {
        let mut bytes = Vec::new();
        packet::write_connack(&mut bytes, true, 0);
        packet::write_publish(&mut bytes, "a/topic", &[7; 300], QoS::AtLeastOnce, 9, true).unwrap();
        packet::write_publish(&mut bytes, "t", b"", QoS::AtMostOnce, 0, false).unwrap();
        packet::write_puback(&mut bytes, 513);
        packet::write_suback(&mut bytes, 2, &[SubscribeReasonCode::Success(QoS::AtLeastOnce)]);
        packet::write_pingresp(&mut bytes);
        let mut rest = &bytes[..];
        let mut count = 0;
        while !rest.is_empty() {
            assert!(agree(rest));
            read(&mut rest, 4096).unwrap().unwrap();
            count += 1;
        }
        assert_eq!(count, 6);
        for cut in 0..4 {
            assert!(matches!(read(&mut &bytes[..cut], 4096), Ok(None)), "{cut} bytes are no packet yet");
        }
    }

    #[test]
    fn a_connect_and_a_subscribe_are_those_of_the_codec() {
        for will in [None, Some(("will/topic", &b"gone"[..], QoS::AtLeastOnce))] {
            let hello = Hello {
                client_id: "d/m",
                keep_alive: 240,
                clean_session: will.is_some(),
                will,
                user_name: "h/d/m/?x=1",
                password: "secret",
            };
            let mut connect = Connect::new("d/m");
            connect.set_login("h/d/m/?x=1", "secret");
            connect.keep_alive = 240;
            connect.clean_session = hello.clean_session;
            connect.last_will = will.map(|(topic, body, qos)| LastWill::new(topic, body, qos, false));
            let (mut ours, mut theirs) = (Vec::new(), Vec::new());
            write_connect(&mut ours, &hello).unwrap();
            packet::write_connect(&mut theirs, &connect).unwrap();
            assert_eq!(ours, theirs);

            let hidden = with_password(&ours, |password| password.replace("secret", "[redacted]")).unwrap();
            connect.set_login("h/d/m/?x=1", "[redacted]");
            theirs.clear();
            packet::write_connect(&mut theirs, &connect).unwrap();
            assert_eq!(hidden, theirs);
        }
        let filters = [("a/#".to_owned(), QoS::AtLeastOnce), ("b".to_owned(), QoS::AtMostOnce)];
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        write_subscribe(&mut ours, 513, &filters).unwrap();
        packet::write_subscribe(&mut theirs, 513, &filters).unwrap();
        assert_eq!(ours, theirs);
    }

    #[test]
    fn a_string_that_does_not_fit_is_refused_by_name() {
        let long = "x".repeat(TOPIC_BYTES + 1);
        let mut hello = Hello {
            client_id: "d",
            keep_alive: 1,
            clean_session: false,
            will: None,
            user_name: "u",
            password: &long,
        };
        let mut out = Vec::new();
        let too_long = |what| PacketError::StringTooLong { what, bytes: TOPIC_BYTES + 1 };
        assert_eq!(write_connect(&mut out, &hello), Err(too_long("password")));
        (hello.password, hello.will) = ("p", Some(("t", long.as_bytes(), QoS::AtMostOnce)));
        assert_eq!(write_connect(&mut out, &hello), Err(too_long("will message")));
        assert!(write_subscribe(&mut out, 1, &[(long, QoS::AtMostOnce)]).is_err());
        assert!(out.is_empty());
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest::proptest! {
        #[test]
        fn of_any_bytes_both_say_the_same(first in 0u8..=255, body in proptest::collection::vec(0u8..=255, 0..40)) {
            let mut bytes = Vec::new();
            push_packet(&mut bytes, first, &body);
            proptest::prop_assert!(agree(&bytes), "{bytes:?}");
            proptest::prop_assert!(agree(&body), "{body:?}");
            let _ = with_password(&bytes, str::to_owned);
        }

        #[test]
        fn of_answers_both_say_the_same(first in 0x20u8..=0x9f, body in proptest::collection::vec(0u8..=6, 0..6)) {
            let mut bytes = Vec::new();
            push_packet(&mut bytes, first, &body);
            proptest::prop_assert!(agree(&bytes), "{bytes:?}");
        }
    }
}
