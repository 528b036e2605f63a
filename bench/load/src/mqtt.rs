//! The packets of a load, read by their first byte and length only: what is counted is counted cheaply.

/// The first whole packet in `bytes`: its type and length.
pub(crate) fn first_packet(bytes: &[u8]) -> Option<(u8, usize)> {
    let first = *bytes.first()?;
    let mut length = 0usize;
    for (at, byte) in bytes[1..].iter().take(4).enumerate() {
        length |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            let whole = at + 2 + length;
            return (bytes.len() >= whole).then_some((first >> 4, whole));
        }
    }
    None
}

/// The packet id of a whole PUBLISH with QoS 1.
pub(crate) fn publish_id(packet: &[u8]) -> Option<[u8; 2]> {
    let head = packet.iter().skip(1).position(|byte| byte & 0x80 == 0)? + 2;
    let topic = usize::from(u16::from_be_bytes([*packet.get(head)?, *packet.get(head + 1)?]));
    packet.get(head + 2 + topic..)?.first_chunk::<2>().copied()
}

/// CONNECT, CONNACK, PUBLISH, PUBACK.
pub(crate) const CONNECT: u8 = 1;
pub(crate) const CONNACK: u8 = 2;
pub(crate) const PUBLISH: u8 = 3;
pub(crate) const PUBACK: u8 = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use iothub_protocol::packet::{QoS, write_puback, write_publish};

    #[test]
    fn packets_are_cut_where_they_end() {
        let mut bytes = Vec::new();
        write_publish(&mut bytes, "a/topic", &[b'x'; 300], QoS::AtLeastOnce, 513, false).unwrap();
        let end = bytes.len();
        write_puback(&mut bytes, 7);
        assert_eq!(first_packet(&bytes), Some((PUBLISH, end)));
        assert_eq!(publish_id(&bytes[..end]), Some([2, 1]));
        assert_eq!(first_packet(&bytes[end..]), Some((PUBACK, 4)));
        assert_eq!(first_packet(&bytes[end..end + 3]), None);
    }
}
