//! The packet hook: whole packets for an inspector, with the signature cut out of a CONNECT.
//!
//! Most pages have no inspector: what serves only that is kept out of the functions that every page compiles.

use crate::io::Event;
use iothub_protocol::sas::Token;
use iothub_protocol::{device_side, packet};

/// Cuts both directions of a link into packets, when somebody watches.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    on: bool,
    incoming: Vec<u8>,
}

impl Watch {
    /// `partial` is the beginning of a packet that has come already.
    pub(crate) fn set(&mut self, on: bool, partial: &[u8]) {
        if self.on != on {
            self.on = on;
            self.incoming = partial.to_vec();
        }
    }

    pub(crate) fn link_lost(&mut self) {
        self.incoming.clear();
    }

    /// What leaves: always whole packets.
    pub(crate) fn outgoing(&self, bytes: &[u8]) -> Vec<Event> {
        if self.on { cut(bytes) } else { Vec::new() }
    }

    /// What came: cut anywhere.
    pub(crate) fn incoming(&mut self, bytes: &[u8]) -> Vec<Event> {
        if self.on { self.collect(bytes) } else { Vec::new() }
    }

    #[inline(never)]
    fn collect(&mut self, bytes: &[u8]) -> Vec<Event> {
        self.incoming.extend_from_slice(bytes);
        let mut events = Vec::new();
        while let Some(length) = packet::first_packet_len(&self.incoming) {
            let behind = self.incoming.split_off(length);
            let bytes = std::mem::replace(&mut self.incoming, behind);
            events.push(Event::Packet { outgoing: false, bytes });
        }
        events
    }
}

#[inline(never)]
fn cut(bytes: &[u8]) -> Vec<Event> {
    let mut rest = bytes;
    let mut events = Vec::new();
    while let Some(length) = packet::first_packet_len(rest) {
        let (packet, behind) = rest.split_at(length);
        rest = behind;
        events.push(Event::Packet { outgoing: true, bytes: without_secret(packet) });
    }
    events
}

fn without_secret(bytes: &[u8]) -> Vec<u8> {
    if bytes.first().is_none_or(|first| first >> 4 != 1) {
        return bytes.to_vec();
    }
    let redacted = device_side::with_password(bytes, |password| match Token::parse(password) {
        Ok(token) => {
            format!("SharedAccessSignature sr={}&sig=[redacted]&se={}", token.audience(), token.expires())
        }
        Err(_) => "[redacted]".to_owned(),
    });
    redacted.unwrap_or_default()
}
