//! One connection of a client to the hub, from socket opened to socket closed.

use crate::event::Sender;
use crate::outgoing::Held;
use crate::registry::Slot;
use iothub_protocol::limits;
use iothub_protocol::packet::Decoder;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Names a link. The shell counts them up and never uses one twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u64);

/// How a link came in; only for events and logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// WebSocket.
    WebSocket,
    /// MQTT over TLS.
    MqttTls,
    /// An object in the same page.
    InPage,
}

impl Transport {
    /// Its name in events.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::WebSocket => "websocket",
            Self::MqttTls => "mqtt-tls",
            Self::InPage => "in-page",
        }
    }
}

/// What the shell knows of a link when it opens.
#[derive(Debug, Clone)]
pub struct Opened {
    /// How it came in.
    pub transport: Transport,
    /// The client certificate of the TLS handshake, if one was shown.
    pub certificate: Option<PeerCertificate>,
}

/// A client certificate, as far as the hub cares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerCertificate {
    /// Upper-case hex of its SHA-1, as Azure's thumbprints are.
    pub sha1: String,
    /// Upper-case hex of its SHA-256, which Azure takes too.
    pub sha256: String,
    /// Its subject's common name.
    pub common_name: Option<String>,
    /// Whether an authority that the hub was given signed it.
    pub authority_signed: bool,
}

/// What the hub sent with QoS 1 and waits to see acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InFlight {
    /// A cloud-to-device message of the queue.
    C2d { sequence: u64 },
    /// A twin answer, a desired patch, a method request.
    Other,
}

/// A message to publish when the link dies.
#[derive(Debug, Clone)]
pub(crate) struct Will {
    pub(crate) bag: String,
    pub(crate) body: Vec<u8>,
    pub(crate) qos: u8,
}

/// What a link has after CONNACK 0.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) slot: Slot,
    pub(crate) sender: Arc<Sender>,
    pub(crate) clean: bool,
    pub(crate) silence_ms: u64,
    /// `se` of the token in wall-clock milliseconds; none with a certificate.
    pub(crate) token_ends_ms: Option<u64>,
    pub(crate) will: Option<Will>,
    next_id: u16,
    in_flight: BTreeMap<u16, InFlight>,
}

/// Packets that wait for a PUBACK, C2D and others together. More than the queue and a good many twin messages
/// never wait at once; a client that acknowledges none of the others just has the oldest forgotten.
const IN_FLIGHT_MAX: usize = limits::C2D_QUEUE + 200;

impl Session {
    pub(crate) fn new(slot: Slot, sender: Arc<Sender>, clean: bool, silence_ms: u64) -> Self {
        let token_ends_ms = None;
        Self {
            slot,
            sender,
            clean,
            silence_ms,
            token_ends_ms,
            will: None,
            next_id: 0,
            in_flight: BTreeMap::new(),
        }
    }

    /// A packet id that is not in flight, remembered for what it carries.
    pub(crate) fn assign_id(&mut self, carries: InFlight) -> u16 {
        if self.in_flight.len() >= IN_FLIGHT_MAX {
            let stale = self.in_flight.iter().find(|(_, f)| **f == InFlight::Other).map(|(id, _)| *id);
            stale.and_then(|id| self.in_flight.remove(&id));
        }
        loop {
            self.next_id = self.next_id.checked_add(1).unwrap_or(1);
            if !self.in_flight.contains_key(&self.next_id) {
                self.in_flight.insert(self.next_id, carries);
                return self.next_id;
            }
        }
    }

    pub(crate) fn acknowledged(&mut self, id: u16) -> Option<InFlight> {
        self.in_flight.remove(&id)
    }

    /// The C2D messages that are on the link.
    pub(crate) fn unacknowledged(&self) -> impl Iterator<Item = u64> {
        self.in_flight.values().filter_map(|f| match f {
            InFlight::C2d { sequence } => Some(*sequence),
            InFlight::Other => None,
        })
    }
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) opened: Opened,
    pub(crate) decoder: Decoder,
    /// The first bytes, to read the protocol level of a CONNECT that the codec does not know.
    pub(crate) head: Vec<u8>,
    pub(crate) heard_ms: u64,
    /// There after CONNACK 0.
    pub(crate) session: Option<Session>,
    /// Everything that is due on this link after one input.
    pub(crate) out: Vec<u8>,
    /// Whether the link waits in the list of those with output.
    pub(crate) dirty: bool,
    /// A fault: swallow everything in both directions.
    pub(crate) half_open: bool,
    /// Output leaves never before this moment.
    pub(crate) held_until_ms: u64,
    /// Output that leaves later.
    pub(crate) held: Held,
}

/// Longest head that is needed to see the protocol level: header 5, name 2 + 6, level 1.
const HEAD: usize = 16;

impl Link {
    pub(crate) fn new(opened: Opened, now_ms: u64) -> Self {
        Self {
            opened,
            decoder: Decoder::new(limits::CONNECT_BYTES),
            head: Vec::new(),
            heard_ms: now_ms,
            session: None,
            out: Vec::new(),
            dirty: false,
            half_open: false,
            held_until_ms: 0,
            held: Held::default(),
        }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        if self.session.is_none() && self.head.len() < HEAD {
            let missing = HEAD - self.head.len();
            self.head.extend_from_slice(&bytes[..bytes.len().min(missing)]);
        }
        self.decoder.push(bytes);
    }

    /// The protocol level in the head, if it is a CONNECT.
    pub(crate) fn announced_level(&self) -> Option<u8> {
        let (first, rest) = self.head.split_first()?;
        if first >> 4 != 1 {
            return None;
        }
        let length_bytes = rest.iter().take(4).position(|b| b & 0x80 == 0)? + 1;
        let body = rest.get(length_bytes..)?;
        let name_length = usize::from(u16::from_be_bytes([*body.first()?, *body.get(1)?]));
        body.get(2 + name_length).copied()
    }
}
