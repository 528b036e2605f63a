//! What the shell of a device does: carries out its outputs, hands it what happens, keeps its one timer.
//!
//! As in a page, all that the application asks for in one turn is drained together at the turn's end.

use crate::client::{Desired, Status};
use crate::net::{End, Item, Wire};
use crate::watch::WireWatch;
use crate::world::{Action, START_UNIX_MS, World};
use iothub_device::{Clock, DeliveryId, Device, Event, HostSignal, Output, SocketId};
use iothub_hub::{LinkId, Opened, Transport};
use iothub_protocol::packet::{Packet, QoS};
use iothub_protocol::topic::DeviceTopic;
use iothub_protocol::{sas::Token, twin};
use serde_json::Value;

impl World {
    /// The application or the host does something: drained at the end of this turn.
    pub fn call(&mut self, client: usize, act: impl FnOnce(&mut Device, Clock)) {
        let at = self.clock(client);
        act(&mut self.clients[client].device, at);
        if !std::mem::replace(&mut self.clients[client].flush_queued, true) {
            self.at(self.now, Action::Flush(client));
        }
    }

    /// Something came from outside: a turn of its own.
    pub(crate) fn told(&mut self, client: usize, act: impl FnOnce(&mut Device, Clock)) {
        let at = self.clock(client);
        act(&mut self.clients[client].device, at);
        self.flush(client);
    }

    pub(crate) fn flush(&mut self, client: usize) {
        self.clients[client].flush_queued = false;
        let sockets: Vec<_> = self.clients[client].sockets.iter().map(|(s, w)| (*s, *w)).collect();
        for (socket, wire) in sockets {
            let buffered = self.wires[wire].up.buffered(self.now, self.conditions.rate);
            self.clients[client].device.socket_buffered(socket, buffered);
        }
        while let Some(output) = self.clients[client].device.poll_output() {
            self.carry_out(client, output);
        }
        self.check_bounds(client);
        self.arm(client);
    }

    fn arm(&mut self, client: usize) {
        let state = &mut self.clients[client];
        let Some(due) = state.device.poll_timeout() else {
            state.timer = None;
            return;
        };
        if state.timer.is_none_or(|(armed, _)| due < armed) {
            state.timer = Some((due, state.fires_at(due, self.now)));
        }
    }

    fn carry_out(&mut self, client: usize, output: Output) {
        match output {
            Output::Open { socket, .. } => self.open(client, socket),
            Output::Transmit { socket, bytes } => self.transmit(client, socket, &bytes),
            Output::Close { socket } => self.close_socket(client, socket),
            Output::NeedToken { request, .. } => {
                let unix = self.clock(client).unix_seconds();
                let state = &mut self.clients[client];
                let answer = state.provider.answer(&state.identity, &state.key, unix);
                let when = self.now + state.provider.takes(&mut self.random);
                self.trace.line(self.now, || format!("client {client} asks for a token"));
                if let Some(answer) = answer {
                    self.at(when, Action::Token(client, request, answer));
                }
            }
            Output::ForgetToken { .. } => {}
            Output::Settled { op, outcome } => self.settled(client, op, outcome),
            Output::Event(event) => self.event(client, event),
        }
    }

    fn open(&mut self, client: usize, socket: SocketId) {
        let wire = self.wires.len();
        self.trace.line(self.now, || format!("client {client} opens wire {wire}"));
        self.wires.push(Wire::new(client, socket));
        self.watches.push(WireWatch::default());
        let state = &mut self.clients[client];
        // With a link at hand it is a renewal that asks.
        let asked = if state.sockets.is_empty() { &mut state.opens } else { &mut state.renewals };
        asked.push(self.now);
        state.sockets.insert(socket, wire);
        let travel = self.conditions.travel(&mut self.random);
        if self.now < self.conditions.refuse_until {
            self.at(self.now + travel, Action::Refuse(wire));
        } else if self.now >= self.conditions.hang_until {
            self.at(self.now + 3 * travel, Action::Open(wire));
        }
    }

    pub(crate) fn open_wire(&mut self, wire: usize) {
        let Wire { client, socket, device_alive, dead, .. } = self.wires[wire];
        if !device_alive || dead {
            return;
        }
        if self.clients[client].frozen {
            // The host opens it behind the page's back; the page hears of it when it thaws.
            return self.at(self.now + 1_000, Action::Open(wire));
        }
        self.wires[wire].hub_alive = true;
        self.wires[wire].open_since = Some(self.now);
        let opened = Opened { transport: Transport::WebSocket, certificate: None };
        self.hub.handle_opened(LinkId(wire as u64), opened, self.hub_now());
        self.drain_hub();
        self.told(client, |device, at| device.socket_opened(socket, at));
    }

    pub(crate) fn refuse_wire(&mut self, wire: usize) {
        let Wire { client, socket, device_alive, .. } = self.wires[wire];
        if device_alive {
            self.wires[wire].device_alive = false;
            self.clients[client].sockets.remove(&socket);
            self.told(client, |device, at| device.socket_closed(socket, 1006, at));
        }
    }

    fn transmit(&mut self, client: usize, socket: SocketId, bytes: &[u8]) {
        let Some(&wire) = self.clients[client].sockets.get(&socket) else {
            // Closed in this very turn by the other side; the host drops such a frame as well.
            if !self.wires.iter().any(|wire| wire.client == client && wire.socket == socket) {
                let text = format!("client {client} writes on a socket it never had: {socket:?}");
                self.ledger.violated(text);
            }
            return;
        };
        self.wires[wire].spoken_on = true;
        match self.watches[wire].up(bytes) {
            Ok(packets) => {
                self.clients[client].frames.push((self.now, wire, packets.len()));
                packets.iter().for_each(|packet| self.packet_leaves(client, wire, packet));
            }
            Err(error) => self.ledger.violated(format!("client {client} wrote no MQTT: {error}")),
        }
        if !self.wires[wire].dead {
            let times = self.wires[wire].up.push(bytes, self.now, &self.conditions, &mut self.random);
            times.into_iter().for_each(|at| self.at(at, Action::Arrive(wire, End::Hub)));
        }
    }

    fn packet_leaves(&mut self, client: usize, wire: usize, packet: &Packet) {
        self.trace.packet(self.now, client, wire, true, packet);
        let checked = match packet {
            Packet::Publish(publish) if publish.qos == QoS::AtLeastOnce => {
                match DeviceTopic::parse(&publish.topic) {
                    Ok(DeviceTopic::Telemetry { .. }) => self.clients[client].in_flight.left(publish),
                    _ => Ok(()),
                }
            }
            Packet::Publish(publish) => {
                if matches!(DeviceTopic::parse(&publish.topic), Ok(DeviceTopic::TwinGet { .. })) {
                    self.clients[client].twin_reads += 1;
                }
                Ok(())
            }
            Packet::PubAck(ack) => self.watches[wire].acknowledges(ack.pkid),
            Packet::Connect(connect) => {
                let token = connect.login.as_ref().and_then(|login| Token::parse(&login.password).ok());
                let ends = token.map_or(0, |token| token.expires());
                self.clients[client].connects.push((self.now, ends));
                let unix = self.clock(client).unix_seconds();
                if ends > unix {
                    Ok(())
                } else {
                    Err(format!("a CONNECT left with a token that ended {} s ago", unix - ends))
                }
            }
            _ => Ok(()),
        };
        if let Err(text) = checked.and_then(|()| self.watches[wire].left(packet)) {
            self.ledger.violated(format!("client {client}, wire {wire}: {text}"));
        }
    }

    fn close_socket(&mut self, client: usize, socket: SocketId) {
        let Some(wire) = self.clients[client].sockets.remove(&socket) else { return };
        self.trace.line(self.now, || format!("client {client} closes wire {wire}"));
        self.wires[wire].device_alive = false;
        if !self.wires[wire].dead {
            let travel = self.conditions.travel(&mut self.random);
            let at = self.wires[wire].up.push_close(self.now + travel);
            self.at(at, Action::Arrive(wire, End::Hub));
        }
    }

    pub(crate) fn arrive_at_device(&mut self, wire: usize) {
        let Wire { client, socket, device_alive, .. } = self.wires[wire];
        if !device_alive || self.clients[client].frozen {
            return;
        }
        match self.wires[wire].down.arrived(self.now) {
            Some(Item::Bytes(bytes)) => {
                match self.watches[wire].down(&bytes) {
                    Ok(packets) => {
                        for packet in &packets {
                            self.trace.packet(self.now, client, wire, false, packet);
                            if let Packet::PubAck(ack) = packet {
                                self.clients[client].in_flight.acknowledged(ack.pkid);
                                if !std::mem::replace(&mut self.wires[wire].worked, true) {
                                    self.clients[client].worked.push(self.now);
                                }
                            }
                        }
                    }
                    Err(error) => self.ledger.violated(format!("the hub wrote no MQTT: {error}")),
                }
                self.told(client, |device, at| device.socket_bytes(socket, &bytes, at));
            }
            Some(Item::Close) => {
                self.trace.line(self.now, || format!("client {client} sees wire {wire} close"));
                self.wires[wire].device_alive = false;
                self.clients[client].sockets.remove(&socket);
                self.told(client, |device, at| device.socket_closed(socket, 1006, at));
            }
            None => {}
        }
    }

    fn event(&mut self, client: usize, event: Event) {
        let now = self.now;
        self.trace.event(now, client, &event);
        match event {
            Event::Status { state, reason, retry_in, .. } => {
                self.clients[client].statuses.push(Status { at: now, state, reason, retry_in });
            }
            Event::Message { delivery, body, .. } => self.message(client, delivery, &body),
            Event::Desired { patch, version, complete } => self.desired(client, &patch, version, complete),
            Event::Method { call, name, .. } => {
                let (low, high) = self.clients[client].handler_time;
                self.clients[client].methods.push(name);
                self.clients[client].answering.insert(call);
                let takes = self.random.between(low, high);
                self.at(now + takes, Action::Answer(client, call));
            }
            Event::MethodGone { call } => {
                self.clients[client].answering.remove(&call);
            }
            Event::Packet { .. } => {}
        }
    }

    fn message(&mut self, client: usize, delivery: DeliveryId, body: &[u8]) {
        let body = String::from_utf8_lossy(body).into_owned();
        let state = &mut self.clients[client];
        let raised = match state.sockets.values().next_back() {
            Some(_) => state
                .sockets
                .values()
                .map(|wire| self.watches[*wire].raised(delivery, &body))
                .min_by_key(Result::is_err)
                .unwrap_or(Ok(())),
            None => Err(format!("the message \"{body}\" was raised without a link")),
        };
        if let Err(text) = raised {
            self.ledger.violated(format!("client {client}: {text}"));
        }
        let state = &mut self.clients[client];
        state.messages.push((self.now, body));
        let takes = self.random.between(state.handler_time.0, state.handler_time.1);
        let well = !self.random.percent(state.handler_fails);
        self.at(self.now + takes, Action::Handled(client, delivery, well));
    }

    pub(crate) fn handler_done(&mut self, client: usize, delivery: DeliveryId, well: bool) {
        for (wire, watch) in self.wires.iter().zip(&mut self.watches) {
            if wire.client == client
                && let Some(body) = watch.handled(delivery, well)
                && well
            {
                self.clients[client].handled.push(body.to_owned());
            }
        }
        self.call(client, |device, at| device.message_handled(delivery, well, at));
    }

    fn desired(&mut self, client: usize, patch: &str, version: u64, complete: bool) {
        let Ok(Value::Object(patch)) = serde_json::from_str::<Value>(patch) else {
            return self.ledger.violated(format!("client {client}: a desired event without an object"));
        };
        let state = &mut self.clients[client];
        if complete && !state.desired.is_empty() {
            // Somebody more listens, and learns what the others know.
            let last = state.desired.last().map(|last| last.version);
            if state.mirror != patch || last > Some(version) {
                let known = format!("{:?} of version {last:?}", state.mirror);
                self.ledger.violated(format!(
                    "client {client}: a late listener learns {patch:?} of version {version}, known is {known}"
                ));
            }
            return;
        }
        let is_later = state.desired.last().is_none_or(|last| last.version < version);
        if !is_later && !std::mem::take(&mut self.ledger.anew) {
            let text = format!("client {client}: desired version {version} was raised after a later one");
            return self.ledger.violated(text);
        }
        twin::merge(&mut state.mirror, &patch);
        state.desired.push(Desired { at: self.now, version, patch });
        if self.ledger.desired.get(&version).is_some_and(|there| *there != state.mirror) {
            self.ledger.violated(format!(
                "client {client}: after the event of version {version} the mirror is {:?}, the hub had {:?}",
                state.mirror,
                self.ledger.desired.get(&version)
            ));
        }
    }

    /// The host tells the device something.
    pub fn signal(&mut self, client: usize, signal: HostSignal) {
        if signal == HostSignal::Woken {
            self.clients[client].wakes.push(self.now);
        }
        self.told(client, |device, at| device.host_signal(signal, at));
    }

    /// The page freezes: nothing of it runs until it thaws.
    pub fn freeze(&mut self, client: usize, ms: u64) {
        self.clients[client].frozen = true;
        self.at(self.now + ms, Action::Thaw(client));
    }

    pub(crate) fn thaw(&mut self, client: usize) {
        if !std::mem::replace(&mut self.clients[client].frozen, false) {
            return;
        }
        self.clients[client].wakes.push(self.now);
        let wires: Vec<usize> = self.clients[client].sockets.values().copied().collect();
        // The host serves timers and sockets in any order, and its own events too.
        if self.random.percent(50) {
            self.told(client, |device, at| device.host_signal(HostSignal::Woken, at));
        }
        for wire in wires {
            for _ in 0..self.wires[wire].down.waiting() {
                self.at(self.now + 1, Action::Arrive(wire, End::Device));
            }
        }
        self.clients[client].timer = None;
        self.arm(client);
    }

    /// True time, as the tests write it.
    #[must_use]
    pub fn unix_ms(&self) -> u64 {
        START_UNIX_MS + self.now
    }
}
