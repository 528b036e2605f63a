//! What an onlooker on the wire keeps in mind, to tell when a rule of the wire is broken.

use iothub_device::DeliveryId;
use iothub_protocol::limits::PACKET_BYTES;
use iothub_protocol::packet::{Decoder, Packet, PacketError, Publish, QoS};
use iothub_protocol::topic::HubTopic;
use std::collections::{BTreeMap, BTreeSet};

/// The QoS 1 messages of one client that are on the wire, across its links.
#[derive(Debug, Default)]
pub struct InFlightWatch {
    flying: BTreeMap<u16, String>,
    seen: BTreeSet<String>,
    /// Copies after the first.
    pub resends: usize,
}

impl InFlightWatch {
    /// A telemetry PUBLISH with QoS 1 leaves.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn left(&mut self, publish: &Publish) -> Result<(), String> {
        let body = String::from_utf8_lossy(&publish.payload).into_owned();
        if publish.pkid == 0 {
            return Err(format!("\"{body}\" left with packet id 0"));
        }
        if let Some(other) = self.flying.get(&publish.pkid).filter(|other| **other != body) {
            return Err(format!(
                "packet id {} was given to \"{body}\" while \"{other}\" is in flight",
                publish.pkid
            ));
        }
        let again = !self.seen.insert(body.clone());
        if again != publish.dup {
            return Err(format!(
                "\"{body}\" left with DUP {}, and it left {}",
                publish.dup,
                if again { "before" } else { "never before" }
            ));
        }
        self.resends += usize::from(again);
        self.flying.insert(publish.pkid, body);
        Ok(())
    }

    /// Its PUBACK has arrived.
    pub fn acknowledged(&mut self, id: u16) {
        self.flying.remove(&id);
    }

    /// How many wait for a PUBACK.
    #[must_use]
    pub fn len(&self) -> usize {
        self.flying.len()
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.flying.is_empty()
    }
}

/// One wire's packets.
#[derive(Debug)]
pub struct WireWatch {
    up: Decoder,
    down: Decoder,
    /// C2D messages that arrived at the device: packet id, body.
    arrived: Vec<(u16, String)>,
    /// What became of those that were raised, in the same order.
    raised: Vec<(DeliveryId, Option<bool>)>,
    /// The first one that is not acknowledged.
    next: usize,
    /// DISCONNECT has left.
    said_goodbye: bool,
}

impl Default for WireWatch {
    fn default() -> Self {
        let decoder = || Decoder::new(PACKET_BYTES);
        Self {
            up: decoder(),
            down: decoder(),
            arrived: Vec::new(),
            raised: Vec::new(),
            next: 0,
            said_goodbye: false,
        }
    }
}

impl WireWatch {
    /// Packets of a frame that leaves the device.
    ///
    /// # Errors
    /// When they are none.
    pub fn up(&mut self, bytes: &[u8]) -> Result<Vec<Packet>, PacketError> {
        read(&mut self.up, bytes)
    }

    /// Packets that bytes from the hub complete.
    ///
    /// # Errors
    /// When they are none.
    pub fn down(&mut self, bytes: &[u8]) -> Result<Vec<Packet>, PacketError> {
        let packets = read(&mut self.down, bytes)?;
        for packet in &packets {
            if let Packet::Publish(publish) = packet
                && publish.qos == QoS::AtLeastOnce
                && matches!(HubTopic::parse(&publish.topic), Some(HubTopic::C2d { .. }))
            {
                self.arrived.push((publish.pkid, String::from_utf8_lossy(&publish.payload).into_owned()));
            }
        }
        Ok(packets)
    }

    /// The application was given a message.
    ///
    /// # Errors
    /// When it is not the next one that arrived.
    pub fn raised(&mut self, delivery: DeliveryId, body: &str) -> Result<(), String> {
        let next = self.arrived.get(self.raised.len()).map(|(_, body)| body.as_str());
        if next != Some(body) {
            return Err(format!("the message \"{body}\" was raised, the next that arrived is {next:?}"));
        }
        self.raised.push((delivery, None));
        Ok(())
    }

    /// Its handler is done. Gives the body when the message was raised from this wire.
    pub fn handled(&mut self, delivery: DeliveryId, well: bool) -> Option<&str> {
        let index = self.raised.iter().rposition(|(id, _)| *id == delivery)?;
        self.raised[index].1 = Some(well);
        self.arrived.get(index).map(|(_, body)| body.as_str())
    }

    /// Whether a handler of a message that came on this wire runs.
    #[must_use]
    pub fn is_at_work(&self) -> bool {
        self.raised.iter().any(|(_, well)| well.is_none())
    }

    /// A packet leaves.
    ///
    /// # Errors
    /// When DISCONNECT has left before.
    pub fn left(&mut self, packet: &Packet) -> Result<(), String> {
        if self.said_goodbye {
            return Err(format!("{packet:?} left behind a DISCONNECT"));
        }
        self.said_goodbye = matches!(packet, Packet::Disconnect);
        Ok(())
    }

    /// A PUBACK leaves: for the next message, whose handler went well.
    ///
    /// # Errors
    /// When it is another.
    pub fn acknowledges(&mut self, id: u16) -> Result<(), String> {
        let Some((expected, body)) = self.arrived.get(self.next) else {
            return Err(format!("PUBACK {id} left, and nothing waits for one"));
        };
        let well = self.raised.get(self.next).and_then(|(_, well)| *well);
        if *expected != id {
            return Err(format!("PUBACK {id} left, the next in order is {expected} of \"{body}\""));
        }
        if well != Some(true) {
            return Err(format!("PUBACK {id} left, and the handler of \"{body}\" went {well:?}"));
        }
        self.next += 1;
        Ok(())
    }
}

fn read(decoder: &mut Decoder, bytes: &[u8]) -> Result<Vec<Packet>, PacketError> {
    decoder.push(bytes);
    let mut packets = Vec::new();
    while let Some(packet) = decoder.next_packet()? {
        packets.push(packet);
    }
    Ok(packets)
}
