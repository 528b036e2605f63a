//! MQTT 3.1.1 packets: the one wrapper around the `mqttbytes` codec, used by the device and by the hub.
//!
//! [`Decoder`] reads packets from a byte stream (packets need not line up with WebSocket frames). The writers
//! append to a plain `Vec<u8>`, so that all packets of one turn leave in one buffer. `mqttbytes` cuts strings
//! longer than 65,535 bytes without a word, so lengths are checked here first; PUBLISH and the two-byte packets,
//! which are the hot ones, are written straight into the buffer.

use crate::client_packet;
use crate::limits::TOPIC_BYTES;
use bytes::BytesMut;
use std::collections::VecDeque;

pub use bytes::Bytes;
pub use mqttbytes::v4::{
    ConnAck, Connect, ConnectReturnCode, LastWill, Login, Packet, PubAck, Publish, SubAck, Subscribe,
    SubscribeFilter, SubscribeReasonCode, UnsubAck, Unsubscribe,
};
pub use mqttbytes::{Protocol, QoS};

/// Why bytes are not packets, or a value can not become one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PacketError {
    /// The peer sent something that is not MQTT 3.1.1.
    #[error("the bytes are not an MQTT 3.1.1 packet: {0}")]
    Malformed(String),
    /// The peer announced a packet larger than allowed.
    #[error("a packet of {bytes} bytes was announced, {limit} are allowed")]
    TooLarge {
        /// Its announced length.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// A string does not fit MQTT's two-byte length.
    #[error("the {what} has {bytes} bytes, MQTT allows {TOPIC_BYTES}")]
    StringTooLong {
        /// Which string.
        what: &'static str,
        /// Its length.
        bytes: usize,
    },
}

/// Cuts a byte stream into packets.
#[derive(Debug)]
pub struct Decoder {
    buffer: BytesMut,
    limit: usize,
}

impl Decoder {
    /// A decoder that refuses packets longer than `limit` bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { buffer: BytesMut::new(), limit }
    }

    /// Takes bytes in, as they come.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole packet; none while more bytes are needed.
    ///
    /// # Errors
    /// [`PacketError`] when the stream is not MQTT; the link can only be closed then.
    pub fn next_packet(&mut self) -> Result<Option<Packet>, PacketError> {
        match mqttbytes::v4::read(&mut self.buffer, self.limit) {
            Ok(packet) => Ok(Some(packet)),
            Err(mqttbytes::Error::InsufficientBytes(_)) => Ok(None),
            Err(mqttbytes::Error::PayloadSizeLimitExceeded(bytes)) => {
                Err(PacketError::TooLarge { bytes, limit: self.limit })
            }
            Err(error) => Err(PacketError::Malformed(format!("{error:?}"))),
        }
    }

    /// The next whole packet of a client, held to all of MQTT 3.1.1 that a server has to close a connection for.
    ///
    /// # Errors
    /// As [`Decoder::next_packet`].
    pub fn next_client_packet(&mut self) -> Result<Option<Packet>, PacketError> {
        if let Some(packet) = first_packet_len(&self.buffer).and_then(|length| self.buffer.get(..length)) {
            client_packet::check(packet).map_err(|what| PacketError::Malformed(what.to_owned()))?;
        }
        self.next_packet()
    }

    /// Takes a limit for the packets that come from now on.
    pub fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// Bytes held back until their packet is whole.
    #[must_use]
    pub fn pending_bytes(&self) -> usize {
        self.buffer.len()
    }
}

/// The length of the first packet in `bytes`; none while it is not whole. For inspectors, which want raw packets.
#[must_use]
pub fn first_packet_len(bytes: &[u8]) -> Option<usize> {
    mqttbytes::check(bytes.iter(), usize::MAX).ok().map(|header| header.frame_length())
}

/// A PUBLISH that is written but not sent: its bytes stay as they are until the PUBACK, so that a resend is the
/// same packet with DUP set. The packet id is filled in when it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenPublish {
    bytes: Vec<u8>,
    /// Where the packet id stands; zero for QoS 0, which has none.
    id_at: usize,
}

impl WrittenPublish {
    /// Writes a PUBLISH in one pass: `write_topic` appends the topic's bytes, `payload` follows.
    ///
    /// # Errors
    /// [`PacketError::StringTooLong`] when the topic exceeds 65,535 bytes.
    pub fn new(
        qos: QoS,
        retain: bool,
        payload: &[u8],
        topic_hint: usize,
        write_topic: impl FnOnce(&mut Vec<u8>),
    ) -> Result<Self, PacketError> {
        // Room for the longest fixed header (5) and the topic's length (2): the real header is written
        // right-aligned before the topic, and the slack is cut off by moving once at the most.
        const HEAD: usize = 7;
        let mut bytes = Vec::with_capacity(HEAD + topic_hint + 2 + payload.len());
        bytes.resize(HEAD, 0);
        write_topic(&mut bytes);
        let topic = bytes.len() - HEAD;
        if topic > TOPIC_BYTES {
            return Err(PacketError::StringTooLong { what: "topic", bytes: topic });
        }
        let with_id = qos != QoS::AtMostOnce;
        let mut id_at = 0;
        if with_id {
            id_at = bytes.len();
            bytes.extend_from_slice(&[0, 0]);
        }
        bytes.extend_from_slice(payload);
        let remaining = bytes.len() - 5;
        let slack = 5 - 1 - remaining_length_bytes(remaining);
        bytes.drain(..slack);
        bytes[0] = 0x30 | (qos as u8) << 1 | u8::from(retain);
        let at = write_remaining_length(&mut bytes, remaining);
        let length = u16::try_from(topic).unwrap_or(u16::MAX).to_be_bytes();
        bytes[at..at + 2].copy_from_slice(&length);
        Ok(Self { bytes, id_at: if with_id { id_at - slack } else { 0 } })
    }

    /// Length of the packet in bytes.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a packet is never empty")]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether the hub answers with a PUBACK.
    #[must_use]
    pub fn wants_ack(&self) -> bool {
        self.id_at > 0
    }

    /// Fills the packet id in, for its first transmission.
    pub fn set_id(&mut self, id: u16) {
        if self.id_at > 0 {
            self.bytes[self.id_at..self.id_at + 2].copy_from_slice(&id.to_be_bytes());
        }
    }

    /// Sets DUP, for every transmission after the first.
    pub fn set_dup(&mut self) {
        self.bytes[0] |= 0x08;
    }

    /// The packet.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

const fn remaining_length_bytes(length: usize) -> usize {
    match length {
        0..=127 => 1,
        128..=16_383 => 2,
        16_384..=2_097_151 => 3,
        _ => 4,
    }
}

/// Writes the variable-length field behind byte 0 and gives the place behind it.
pub(crate) fn write_remaining_length(bytes: &mut [u8], mut length: usize) -> usize {
    let mut at = 1;
    loop {
        let low = u8::try_from(length & 0x7f).unwrap_or(0);
        length >>= 7;
        bytes[at] = if length > 0 { low | 0x80 } else { low };
        at += 1;
        if length == 0 {
            return at;
        }
    }
}

/// Appends a PUBLISH with its packet id.
///
/// # Errors
/// [`PacketError::StringTooLong`] when the topic exceeds 65,535 bytes; nothing is appended then.
pub fn write_publish(
    out: &mut Vec<u8>,
    topic: &str,
    payload: &[u8],
    qos: QoS,
    id: u16,
    dup: bool,
) -> Result<(), PacketError> {
    if topic.len() > TOPIC_BYTES {
        return Err(PacketError::StringTooLong { what: "topic", bytes: topic.len() });
    }
    let id_bytes = if qos == QoS::AtMostOnce { 0 } else { 2 };
    let remaining = 2 + topic.len() + id_bytes + payload.len();
    let mut head = [0u8; 5];
    head[0] = 0x30 | (qos as u8) << 1 | u8::from(dup) << 3;
    let head_len = write_remaining_length(&mut head, remaining);
    out.reserve(head_len + remaining);
    out.extend_from_slice(&head[..head_len]);
    out.extend_from_slice(&u16::try_from(topic.len()).unwrap_or(u16::MAX).to_be_bytes());
    out.extend_from_slice(topic.as_bytes());
    if id_bytes > 0 {
        out.extend_from_slice(&id.to_be_bytes());
    }
    out.extend_from_slice(payload);
    Ok(())
}

/// Appends a CONNECT.
///
/// # Errors
/// [`PacketError::StringTooLong`] names the field that does not fit.
pub fn write_connect(out: &mut Vec<u8>, connect: &Connect) -> Result<(), PacketError> {
    let mut fields = vec![("client id", connect.client_id.len())];
    if let Some(login) = &connect.login {
        fields.extend([("user name", login.username.len()), ("password", login.password.len())]);
    }
    if let Some(will) = &connect.last_will {
        fields.extend([("will topic", will.topic.len()), ("will message", will.message.len())]);
    }
    if let Some((what, bytes)) = fields.into_iter().find(|(_, bytes)| *bytes > TOPIC_BYTES) {
        return Err(PacketError::StringTooLong { what, bytes });
    }
    write_with(out, |buffer| connect.write(buffer))
}

/// Appends a SUBSCRIBE.
///
/// # Errors
/// [`PacketError::StringTooLong`] when a filter does not fit.
pub fn write_subscribe(out: &mut Vec<u8>, id: u16, filters: &[(String, QoS)]) -> Result<(), PacketError> {
    if let Some((filter, _)) = filters.iter().find(|(filter, _)| filter.len() > TOPIC_BYTES) {
        return Err(PacketError::StringTooLong { what: "filter", bytes: filter.len() });
    }
    let filters =
        filters.iter().map(|(path, qos)| SubscribeFilter::new(path.clone(), *qos)).collect::<VecDeque<_>>();
    let mut subscribe = Subscribe::new_many(filters);
    subscribe.pkid = id;
    write_with(out, |buffer| subscribe.write(buffer))
}

/// Appends a SUBACK with the granted QoS of each filter, in the order of the SUBSCRIBE.
pub fn write_suback(out: &mut Vec<u8>, id: u16, granted: &[SubscribeReasonCode]) {
    let suback = SubAck::new(id, granted.to_vec());
    // A SUBACK has no string and at most a few bytes: writing it can not fail.
    let _ = write_with(out, |buffer| suback.write(buffer));
}

/// Appends a CONNACK.
pub fn write_connack(out: &mut Vec<u8>, session_present: bool, code: u8) {
    out.extend_from_slice(&[0x20, 2, u8::from(session_present && code == 0), code]);
}

/// Appends a PUBACK.
pub fn write_puback(out: &mut Vec<u8>, id: u16) {
    let [high, low] = id.to_be_bytes();
    out.extend_from_slice(&[0x40, 2, high, low]);
}

/// Appends an UNSUBACK.
pub fn write_unsuback(out: &mut Vec<u8>, id: u16) {
    let [high, low] = id.to_be_bytes();
    out.extend_from_slice(&[0xb0, 2, high, low]);
}

/// Appends a PINGREQ.
pub fn write_pingreq(out: &mut Vec<u8>) {
    out.extend_from_slice(&[0xc0, 0]);
}

/// Appends a PINGRESP.
pub fn write_pingresp(out: &mut Vec<u8>) {
    out.extend_from_slice(&[0xd0, 0]);
}

/// Appends a DISCONNECT.
pub fn write_disconnect(out: &mut Vec<u8>) {
    out.extend_from_slice(&[0xe0, 0]);
}

fn write_with(
    out: &mut Vec<u8>,
    write: impl FnOnce(&mut BytesMut) -> Result<usize, mqttbytes::Error>,
) -> Result<(), PacketError> {
    let mut buffer = BytesMut::new();
    write(&mut buffer).map_err(|error| PacketError::Malformed(format!("{error:?}")))?;
    out.extend_from_slice(&buffer);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn read_one(bytes: &[u8]) -> Packet {
        let mut decoder = Decoder::new(1 << 20);
        decoder.push(bytes);
        let packet = decoder.next_packet().unwrap().unwrap();
        assert_eq!(decoder.pending_bytes(), 0);
        packet
    }

    #[test]
    fn a_written_publish_is_what_the_codec_reads() {
        for payload in [0usize, 1, 90, 100, 127, 128, 16_300, 16_384, 262_144] {
            for qos in [QoS::AtMostOnce, QoS::AtLeastOnce] {
                let body = vec![b'x'; payload];
                let mut written =
                    WrittenPublish::new(qos, false, &body, 8, |out| out.extend_from_slice(b"a/topic"))
                        .unwrap();
                written.set_id(513);
                let Packet::Publish(read) = read_one(written.as_bytes()) else { panic!("not a PUBLISH") };
                assert_eq!((read.topic.as_str(), read.qos, read.dup), ("a/topic", qos, false));
                assert_eq!(read.pkid, if qos == QoS::AtMostOnce { 0 } else { 513 });
                assert_eq!(read.payload, body);
                written.set_dup();
                let Packet::Publish(read) = read_one(written.as_bytes()) else { panic!("not a PUBLISH") };
                assert!(read.dup);

                let mut out = Vec::new();
                write_publish(&mut out, "a/topic", &body, qos, 513, true).unwrap();
                assert_eq!(out, written.as_bytes());
            }
        }
    }

    #[test]
    fn trap_21_packets_are_read_from_a_stream_cut_anywhere() {
        let mut bytes = Vec::new();
        write_connack(&mut bytes, true, 0);
        write_publish(&mut bytes, "t", b"body", QoS::AtLeastOnce, 7, false).unwrap();
        write_pingresp(&mut bytes);
        let mut decoder = Decoder::new(1024);
        let mut packets = Vec::new();
        for byte in &bytes {
            decoder.push(&[*byte]);
            while let Some(packet) = decoder.next_packet().unwrap() {
                packets.push(packet);
            }
        }
        assert_eq!(packets.len(), 3);
    }

    #[test]
    fn strings_that_mqttbytes_would_cut_are_refused() {
        let long = "x".repeat(TOPIC_BYTES + 1);
        let mut out = Vec::new();
        let error = write_publish(&mut out, &long, b"", QoS::AtMostOnce, 0, false).unwrap_err();
        assert_eq!(error, PacketError::StringTooLong { what: "topic", bytes: TOPIC_BYTES + 1 });
        let mut connect = Connect::new("d");
        connect.set_login("u".to_owned(), long.clone());
        assert!(matches!(
            write_connect(&mut out, &connect),
            Err(PacketError::StringTooLong { what: "password", .. })
        ));
        assert!(write_subscribe(&mut out, 1, &[(long, QoS::AtMostOnce)]).is_err());
        assert!(out.is_empty());
    }

    #[test]
    fn a_giant_length_is_refused_before_its_bytes_arrive() {
        let mut decoder = Decoder::new(1024);
        decoder.push(&[0x30, 0xff, 0xff, 0xff, 0x7f]);
        assert!(matches!(decoder.next_packet(), Err(PacketError::TooLarge { .. })));
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest::proptest! {
        #[test]
        fn reading_never_panics(bytes in proptest::collection::vec(0u8..=255, 0..200)) {
            let mut decoder = Decoder::new(4096);
            decoder.push(&bytes);
            for _ in 0..100 {
                match decoder.next_packet() {
                    Ok(Some(_)) => {}
                    _ => break,
                }
            }
        }

        #[test]
        fn any_publish_round_trips(topic in "[a-z/%&=$.]{1,300}", payload in proptest::collection::vec(0u8..=255, 0..600), id in 1u16..) {
            let mut out = Vec::new();
            write_publish(&mut out, &topic, &payload, QoS::AtLeastOnce, id, false).unwrap();
            let mut written = WrittenPublish::new(QoS::AtLeastOnce, false, &payload, 0, |out| {
                out.extend_from_slice(topic.as_bytes());
            }).unwrap();
            written.set_id(id);
            proptest::prop_assert_eq!(written.as_bytes(), &out[..]);
            let Packet::Publish(read) = read_one(&out) else { panic!("not a PUBLISH") };
            proptest::prop_assert_eq!((read.topic, read.payload.to_vec(), read.pkid), (topic, payload, id));
        }
    }
}
