//! What comes from the hub: packets out of bytes, and each packet to the part that waits for it.

use crate::device::Device;
use crate::error::{Code, Error};
use crate::io::{Event, Output, Settlement, SocketId};
use crate::twin::{Answer, Asked, Change};
use iothub_protocol::device_side::{self, FromHub, Received};
use iothub_protocol::json::{Json, Object};
use iothub_protocol::limits::PACKET_BYTES;
use iothub_protocol::packet::{self, QoS};
use iothub_protocol::topic::HubTopic;

impl Device {
    pub(crate) fn on_bytes(&mut self, socket: SocketId, bytes: &[u8]) {
        let Some(link) = self.link.as_mut().filter(|link| link.socket == socket) else { return };
        link.keep_alive.heard(self.at.now);
        let mut whole = std::mem::take(&mut link.partial);
        let mut rest = if whole.is_empty() {
            bytes
        } else {
            whole.extend_from_slice(bytes);
            &whole
        };
        let seen = self.watch.incoming(bytes);
        self.raise(seen);
        // A packet may end the link (CONNACK 5); what stands behind it is then nobody's.
        while let Some(link) = self.link.as_mut().filter(|link| link.socket == socket) {
            match device_side::read(&mut rest, PACKET_BYTES) {
                Ok(Some(packet)) => self.on_packet(packet),
                Ok(None) => {
                    link.partial = rest.to_vec();
                    break;
                }
                Err(error) => {
                    let text =
                        format!("the hub sent something that is not MQTT ({error}): is this an IoT Hub?");
                    return self.lose_link("protocol", text, true);
                }
            }
        }
        self.drain_when_quiet();
    }

    fn on_packet(&mut self, packet: FromHub<'_>) {
        match packet {
            FromHub::PubAck { id } => {
                if let Some(acked) = self.in_flight.acked(id, self.at.now) {
                    self.metrics.acknowledged(acked.round_trip);
                    if let Some(op) = acked.op {
                        self.settle(op, Ok(Settlement::Sent));
                    }
                }
            }
            FromHub::Publish(publish) => self.on_publish(&publish),
            FromHub::ConnAck { session_present, code } => self.on_connack(session_present, code),
            FromHub::SubAck { id, granted } => {
                self.subscriptions.suback(id, granted);
                self.settle_subscribed();
            }
            FromHub::Other => {
                if let Some(link) = &mut self.link {
                    link.answered = true;
                }
            }
        }
    }

    #[inline(never)] // As in pump.rs: nothing is published before the CONNACK.
    fn on_publish(&mut self, publish: &Received<'_>) {
        let topic = HubTopic::parse(publish.topic);
        let event = match topic {
            // A C2D message is acknowledged when it is handled, not before.
            Some(HubTopic::C2d { bag }) => self.inbox.arrived(publish, None, bag),
            Some(HubTopic::ModuleInput { input, bag }) => self.inbox.arrived(publish, Some(input), bag),
            other => {
                self.acknowledge(publish);
                match other {
                    Some(HubTopic::MethodRequest { name, rid }) => {
                        self.methods.arrived(name, rid, publish.payload)
                    }
                    Some(HubTopic::DesiredPatch { version }) => {
                        return self.on_desired(version, publish.payload);
                    }
                    Some(HubTopic::TwinAnswer { status, rid, version }) => {
                        return self.on_twin_answer(status, rid, version, publish.payload);
                    }
                    _ => None,
                }
            }
        };
        if let Some(event) = event {
            self.outputs.push_back(Output::Event(event));
        }
    }

    /// Trap 39: whatever comes with QoS 1 wants its PUBACK, twin and method messages too.
    fn acknowledge(&mut self, publish: &Received<'_>) {
        if let (QoS::AtLeastOnce, Some(link)) = (publish.qos, &mut self.link) {
            packet::write_puback(&mut link.out, publish.id);
        }
    }

    fn on_desired(&mut self, version: Option<u64>, body: &[u8]) {
        let Some(patch) = object_of(body) else { return };
        let version = version.or_else(|| patch.get("$version").and_then(Json::as_u64));
        if let Some(change) = version.and_then(|version| self.mirror.patch(patch, version)) {
            self.raise_desired(&change);
        }
    }

    pub(crate) fn raise_desired(&mut self, change: &Change) {
        let patch = change.patch.to_text();
        let Change { version, complete, .. } = *change;
        self.outputs.push_back(Output::Event(Event::Desired { patch, version, complete }));
    }

    fn on_twin_answer(&mut self, status: u16, rid: &str, version: Option<u64>, body: &[u8]) {
        let Answer::For(asked, shared) = self.requests.answered(rid, status, self.at.now, &mut self.random)
        else {
            return;
        };
        let good = (200..300).contains(&status);
        if shared && good {
            self.on_mirror_read(body);
        }
        match asked {
            Asked::Mirror if good => self.on_mirror_read(body),
            // A read that the hub refuses now it may grant later; asking at once would never end.
            Asked::Mirror => self.requests.mirror_later(self.at.now + 30_000),
            Asked::Get(op) if good => {
                let outcome = twin_text(body);
                self.settle(op, outcome.map(Settlement::Twin));
            }
            Asked::Get(op) => self.settle(op, Err(twin_error(status, body))),
            Asked::Patch(ops) => {
                for op in ops {
                    let outcome = if good {
                        Ok(Settlement::Reported { version })
                    } else {
                        Err(twin_error(status, body))
                    };
                    self.settle(op, outcome);
                }
            }
        }
    }

    fn on_mirror_read(&mut self, body: &[u8]) {
        let desired = twin_of(body).and_then(|mut twin| twin.remove("desired")).and_then(Json::into_object);
        let Some(desired) = desired else { return self.requests.mirror_later(self.at.now + 30_000) };
        let version = desired.get("$version").and_then(Json::as_u64).unwrap_or(0);
        for change in self.mirror.read(desired, version) {
            self.raise_desired(&change);
        }
    }
}

fn object_of(body: &[u8]) -> Option<Object> {
    Json::parse_bytes(body).ok().and_then(Json::into_object)
}

/// The twin of an answer's body: bare today, wrapped in `properties` in the documentation of 2017.
fn twin_of(body: &[u8]) -> Option<Object> {
    let mut twin = object_of(body)?;
    if twin.get("desired").is_some() {
        return Some(twin);
    }
    match twin.remove("properties") {
        Some(Json::Object(inner)) => Some(inner),
        _ => Some(twin),
    }
}

fn twin_text(body: &[u8]) -> Result<String, Error> {
    match twin_of(body) {
        Some(twin) => Ok(twin.to_text()),
        None => Err(Error::new(
            Code::Protocol,
            "the hub answered the twin read with something that is no JSON object",
        )),
    }
}

/// The error of a twin answer; the hub's own words are in its body, if it has one.
fn twin_error(status: u16, body: &[u8]) -> Error {
    let said = object_of(body);
    let said = said
        .as_ref()
        .and_then(|said| said.get("message").or_else(|| said.get("Message")))
        .and_then(Json::as_str);
    let said = said.map(|text| format!(": {text}")).unwrap_or_default();
    let (code, cure) = match status {
        412 => (Code::TwinPrecondition, "read the twin again and patch its present version"),
        400..=499 => (Code::TwinBadRequest, "check the patch against the hub's limits"),
        _ => (Code::HubError, "try again later"),
    };
    // One kind of number is enough for the formatter.
    let status = u32::from(status);
    Error::new(code, format!("the hub answered the twin request with status {status}{said}; {cure}"))
}
