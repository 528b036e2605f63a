//! What the shell of a hub does: carries out its outputs, hands it what arrives, and books what it says happened.

use crate::ledger::Ledger;
use crate::net::{Answers, End, Item};
use crate::world::{Action, World};
use iothub_hub::{Event, Happening, LinkId, Output, Reason};
use iothub_protocol::packet;
use iothub_protocol::twin;
use serde_json::{Map, Value};

/// Ends that only a client's fault against MQTT or the hub's rules brings about.
const FAULTS_OF_CLIENTS: [Reason; 12] = [
    Reason::ConnectExpected,
    Reason::SecondConnect,
    Reason::MalformedPacket,
    Reason::UnexpectedPacket,
    Reason::ProtocolLevel,
    Reason::BadUserName,
    Reason::ClientIdMismatch,
    Reason::Qos2Publish,
    Reason::UnknownTopic,
    Reason::ForeignTopic,
    Reason::UnknownFilter,
    Reason::TooManySubscriptions,
];

impl World {
    pub(crate) fn arrive_at_hub(&mut self, wire: usize) {
        if !self.wires[wire].hub_alive {
            return;
        }
        let link = LinkId(wire as u64);
        match self.wires[wire].up.arrived(self.now) {
            Some(Item::Bytes(bytes)) => self.hub.handle_bytes(link, &bytes, self.hub_now()),
            Some(Item::Close) => {
                self.trace.line(self.now, || format!("hub sees wire {wire} close"));
                self.wires[wire].hub_alive = false;
                self.hub.handle_closed(link, self.hub_now());
            }
            None => return,
        }
        self.drain_hub();
    }

    pub(crate) fn drain_hub(&mut self) {
        while let Some(output) = self.hub.poll_output() {
            match output {
                Output::Transmit { link, bytes } => {
                    let wire = index(link);
                    match self.conditions.twin_answers {
                        Answers::Prompt => self.hub_sends(wire, &bytes),
                        fate => {
                            let (others, answers) = apart(&bytes);
                            self.hub_sends(wire, &others);
                            if let Answers::Late(most) = fate {
                                let late = self.random.between(0, most);
                                self.at(self.now + late, Action::Late(wire, answers));
                            }
                        }
                    }
                }
                Output::Close { link, cause, .. } => self.hub_closes(index(link), cause.reason),
                Output::Admitted { .. } => self.ledger.admitted.push(self.now),
                Output::MethodAnswered { outcome, .. } => {
                    let answer = outcome.map(|a| a.status).map_err(|error| error.code.number());
                    self.ledger.answers.push(answer);
                }
            }
        }
        self.read_events();
    }

    pub(crate) fn hub_sends(&mut self, wire: usize, bytes: &[u8]) {
        if !self.wires[wire].dead && self.wires[wire].hub_alive {
            let times = self.wires[wire].down.push(bytes, self.now, &self.conditions, &mut self.random);
            times.into_iter().for_each(|at| self.at(at, Action::Arrive(wire, End::Device)));
        }
    }

    fn hub_closes(&mut self, wire: usize, reason: Reason) {
        self.trace.line(self.now, || format!("hub ends wire {wire}: {}", reason.code()));
        self.ledger.endings.push((self.now, reason.code()));
        if FAULTS_OF_CLIENTS.contains(&reason) {
            self.ledger.violated(format!("the hub ended wire {wire}: {}", reason.code()));
        }
        self.wires[wire].hub_alive = false;
        if !self.wires[wire].dead {
            let travel = self.conditions.travel(&mut self.random);
            let at = self.wires[wire].down.push_close(self.now + travel);
            self.at(at, Action::Arrive(wire, End::Device));
        }
    }

    fn read_events(&mut self) {
        loop {
            let batch = self.hub.events_after(self.cursor, 1024);
            self.cursor = batch.cursor;
            if batch.events.is_empty() {
                return;
            }
            for event in &batch.events {
                self.book(event);
            }
        }
    }

    fn book(&mut self, event: &Event) {
        match &event.happening {
            Happening::Telemetry(telemetry) => match Ledger::number_of(telemetry.body()) {
                Some(number) => self.ledger.sent[number].at_hub += 1,
                None => self.ledger.wills += 1,
            },
            Happening::C2d { state, message_id, .. } => {
                let queued = self.ledger.queued.entry(message_id.clone()).or_default();
                queued.completed |= *state == "completed";
                queued.given_up |= matches!(*state, "expired" | "dead-lettered" | "purged");
            }
            Happening::Lifecycle { state: "deleted" } => {
                self.ledger.desired.clear();
                self.ledger.anew = true;
            }
            Happening::Twin { section: "reported", patch, .. } => self.book_reported(&patch.value()),
            Happening::Twin { section: "desired", patch, version: Some(version), replaced } => {
                self.book_desired(&patch.value(), *version, *replaced);
            }
            _ => {}
        }
    }

    fn book_reported(&mut self, patch: &Value) {
        let Some(number) = patch.get("n").and_then(Value::as_u64) else { return };
        if self.ledger.reported.last().is_some_and(|last| *last > number) {
            self.ledger.violated(format!("the reported patch {number} was applied after a later one"));
        }
        self.ledger.reported.push(number);
    }

    fn book_desired(&mut self, patch: &Value, version: u64, replaced: bool) {
        let before = self.ledger.desired.last_key_value().map(|(_, desired)| desired.clone());
        let mut after = if replaced { Map::new() } else { before.unwrap_or_default() };
        if let Value::Object(patch) = patch {
            twin::merge(&mut after, patch);
        }
        self.ledger.desired.insert(version, after);
    }

    /// The wire of a client's link that the hub serves now, if any.
    #[must_use]
    pub fn live_wire(&self, client: usize) -> Option<usize> {
        let alive = |wire: &usize| self.wires[*wire].hub_alive;
        let mut wires = self.clients[client].sockets.values().copied();
        let link = wires.clone().rfind(|wire| alive(wire) && self.wires[*wire].spoken_on);
        link.or_else(|| wires.rfind(alive))
    }

    /// The hub's desired properties of the first device.
    #[must_use]
    pub fn desired_at_hub(&self) -> Map<String, Value> {
        self.ledger.desired.last_key_value().map(|(_, desired)| desired.clone()).unwrap_or_default()
    }
}

/// All other packets, and the answers to twin requests.
fn apart(mut bytes: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let topic = b"$iothub/twin/res";
    let (mut others, mut answers) = (Vec::new(), Vec::new());
    while let Some(length) = packet::first_packet_len(bytes) {
        let (first, rest) = bytes.split_at(length);
        let is_answer = first.windows(topic.len()).any(|window| window == topic);
        if is_answer { &mut answers } else { &mut others }.extend_from_slice(first);
        bytes = rest;
    }
    (others, answers)
}

fn index(link: LinkId) -> usize {
    usize::try_from(link.0).unwrap_or(usize::MAX)
}
