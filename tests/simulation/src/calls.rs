//! What people do in a world: the application at a device, the service at the hub.

use crate::client::{Call, Kind};
use crate::ledger::{Ledger, Sent};
use crate::world::World;
use iothub_device::{Clock, Code, Device, Error, Message, OpId, Settlement, State};
use iothub_hub::{C2dMessage, Fault, FaultKind, IfMatch, MethodCall};
use iothub_protocol::packet::QoS;
use serde_json::{Value, json};

impl World {
    fn begin(
        &mut self,
        client: usize,
        kind: Kind,
        timeout: Option<u64>,
        act: impl FnOnce(&mut Device, OpId, Clock) -> Result<(), Error>,
    ) -> usize {
        let number = self.clients[client].calls.len();
        let deadline = timeout.map(|ms| self.now + ms);
        let op = OpId(u32::try_from(number).unwrap_or(u32::MAX));
        self.trace.line(self.now, || format!("client {client} calls {kind:?} (call {number})"));
        self.clients[client].calls.push(Call { kind, at: self.now, aborted: false, deadline, outcome: None });
        let mut refused = None;
        self.call(client, |device, at| refused = act(device, op, at).err());
        match refused {
            Some(error) => self.settled(client, op, Err(error)),
            None => {
                if let Kind::Send(message, _) = kind {
                    self.ledger.sent[message].accepted = true;
                }
            }
        }
        number
    }

    /// Connects, without a deadline.
    pub fn connect(&mut self, client: usize) -> usize {
        self.begin(client, Kind::Connect, None, |device, op, at| device.connect(op, None, at))
    }

    /// Sends one message; gives the call's number.
    pub fn send(&mut self, client: usize, qos: u8, timeout: Option<u64>) -> usize {
        self.send_padded(client, qos, timeout, 0)
    }

    /// Sends one message with so many bytes more than it needs.
    pub fn send_padded(&mut self, client: usize, qos: u8, timeout: Option<u64>, padding: usize) -> usize {
        let number = self.ledger.sent.len();
        self.ledger.sent.push(Sent { client, qos, accepted: false, at_hub: 0 });
        let mut body = format!("m{number}");
        if padding > 0 {
            body.push('.');
            body.extend(std::iter::repeat_n('x', padding));
        }
        let qos_asked = if qos == 0 { QoS::AtMostOnce } else { QoS::AtLeastOnce };
        self.begin(client, Kind::Send(number, qos), timeout, |device, op, at| {
            let message = Message { body: body.as_bytes(), system: &[], properties: &[], qos: qos_asked };
            device.send(op, &message, timeout.map(|ms| at.now + ms), at)
        })
    }

    /// Reads the twin.
    pub fn get_twin(&mut self, client: usize, timeout: Option<u64>) -> usize {
        self.begin(client, Kind::GetTwin, timeout, |device, op, at| {
            device.get_twin(op, timeout.map(|ms| at.now + ms), at)
        })
    }

    /// Reports `{"n": …}` with a number that is higher each time.
    pub fn report(&mut self, client: usize, timeout: Option<u64>) -> usize {
        self.counter += 1;
        let number = self.counter;
        self.begin(client, Kind::Report(number), timeout, |device, op, at| {
            let patch = json!({ "n": number }).to_string();
            device.update_reported(op, &patch, timeout.map(|ms| at.now + ms), at)
        })
    }

    /// The highest number that a reported patch or a message of the service has had.
    #[must_use]
    pub fn counter(&self) -> u64 {
        self.counter
    }

    /// Closes.
    pub fn close(&mut self, client: usize, drain: u64) -> usize {
        self.begin(client, Kind::Close, Some(drain), |device, op, at| {
            device.close(op, drain, at);
            Ok(())
        })
    }

    /// Aborts a call.
    pub fn abort(&mut self, client: usize, call: usize) {
        self.trace.line(self.now, || format!("client {client} aborts call {call}"));
        self.clients[client].calls[call].aborted = true;
        let op = OpId(u32::try_from(call).unwrap_or(u32::MAX));
        self.call(client, |device, at| device.abort(op, at));
    }

    /// Listens to messages, desired changes and methods.
    pub fn listen(&mut self, client: usize) {
        self.call(client, |device, at| {
            device.listen_messages(at);
            device.listen_desired(at);
            device.listen_methods(at);
        });
    }

    /// A call has ended.
    pub(crate) fn settled(&mut self, client: usize, op: OpId, outcome: Result<Settlement, Error>) {
        let now = self.now;
        self.trace.line(now, || {
            let end = outcome.as_ref().map_or_else(|e| e.code.as_str().to_owned(), short);
            format!("client {client} call {} ends: {end}", op.0)
        });
        let index = usize::try_from(op.0).unwrap_or(usize::MAX);
        let Some(call) = self.clients[client].calls.get_mut(index) else {
            return self.ledger.violated(format!("client {client} settles call {index}, which nobody made"));
        };
        if call.outcome.is_some() {
            return self.ledger.violated(format!("client {client} settles call {index} twice"));
        }
        let rightly = match &outcome {
            Ok(Settlement::Closed) => self.closed_rightly(client),
            Ok(settlement) => had_its_effect(call.kind, settlement, &self.ledger),
            Err(error) if self.is_excused(client, index, error.code) => Ok(()),
            Err(error) => Err(format!("it failed without a good reason: {error}")),
        };
        self.clients[client].calls[index].outcome = Some((now, outcome));
        if let Err(text) = rightly {
            self.ledger.violated(format!("client {client}, call {index}: {text}"));
        }
    }

    /// A close ends before its time only when no handler runs whose connection is there.
    fn closed_rightly(&self, client: usize) -> Result<(), String> {
        let state = &self.clients[client];
        let closes = state.calls.iter().filter(|call| call.kind == Kind::Close);
        let until = closes.filter_map(|call| call.deadline).min().unwrap_or(0);
        let messages = state.sockets.values().any(|wire| self.watches[*wire].is_at_work());
        if self.now < until && (messages || !state.answering.is_empty()) {
            return Err("it closed while handlers were at work".to_owned());
        }
        Ok(())
    }

    /// Whether a call may end with this error.
    fn is_excused(&self, client: usize, index: usize, code: Code) -> bool {
        let state = &self.clients[client];
        let call = &state.calls[index];
        let is_closed = state.calls.iter().any(|call| call.kind == Kind::Close);
        match code {
            Code::Aborted => call.aborted,
            Code::Timeout | Code::Throttled | Code::HubError => match call.deadline {
                Some(deadline) => self.now >= deadline,
                // Twin calls have a time-out of their own, of a minute.
                None => matches!(call.kind, Kind::GetTwin | Kind::Report(_)) && self.now >= call.at + 60_000,
            },
            Code::Closed => is_closed,
            Code::OutboxFull | Code::OutboxDropped => matches!(call.kind, Kind::Send(..)),
            // `run.rs` looks whether it gave up rightly.
            Code::Unauthorized | Code::ClockOff => state.state() == Some(State::Disconnected),
            _ => false,
        }
    }

    /// The service changes a desired property; gives the patch's number.
    pub fn desire(&mut self, patch: &Value) {
        let body = json!({ "properties": { "desired": patch } });
        let identity = self.clients[0].identity.clone();
        self.trace.line(self.now, || format!("service patches desired {patch}"));
        let written = self.hub.patch_twin(&identity, &body, &IfMatch::Any, self.hub_now());
        if let Err(error) = written {
            self.ledger.violated(format!("the service's own patch was refused: {error:?}"));
        }
        self.drain_hub();
    }

    /// The service deletes the device and makes it again with the same key.
    pub fn recreate(&mut self) {
        let identity = self.clients[0].identity.clone();
        let key = self.clients[0].key.to_base64();
        let document = json!({
            "deviceId": identity.device_id,
            "authentication": { "type": "sas", "symmetricKey": { "primaryKey": key.expose(), "secondaryKey": key.expose() } },
        });
        let deleted = self.hub.delete_identity(&identity, &IfMatch::Any, self.hub_now());
        let made = self.hub.put_identity(&identity, &document, &IfMatch::Absent, self.hub_now());
        if deleted.is_err() || made.is_err() {
            self.ledger.violated("the service could not make the device again");
        }
        self.drain_hub();
    }

    /// The service sends a message; its body is its id. False when the queue is full.
    pub fn c2d(&mut self) -> bool {
        self.counter += 1;
        let id = format!("c{}", self.counter);
        self.trace.line(self.now, || format!("service sends {id}"));
        let message = C2dMessage {
            body: id.clone().into_bytes(),
            message_id: Some(id.clone()),
            ..C2dMessage::default()
        };
        let device = self.clients[0].identity.clone();
        // Booked first: the hub delivers at once.
        self.ledger.queued.entry(id.clone()).or_default();
        let taken = self.hub.send_c2d(&device, message, self.hub_now()).is_ok();
        if taken {
            self.ledger.queue_order.push(id);
        } else {
            self.ledger.queued.remove(&id);
        }
        self.drain_hub();
        taken
    }

    /// The service invokes a method; false when the device is not there.
    pub fn method(&mut self, connect_timeout_s: u64) -> bool {
        let call = MethodCall {
            name: "reboot".to_owned(),
            payload: "{}".to_owned(),
            response_timeout_s: 30,
            connect_timeout_s,
        };
        self.trace.line(self.now, || "service invokes reboot".to_owned());
        let identity = self.clients[0].identity.clone();
        let taken = self.hub.invoke_method(&identity, call, self.hub_now()).is_ok();
        self.ledger.invoked += usize::from(taken);
        self.drain_hub();
        taken
    }

    /// A fault at the hub, for everybody.
    pub fn fault(&mut self, kind: FaultKind, count: Option<u32>, for_ms: Option<u64>) {
        self.trace.line(self.now, || format!("hub has a fault: {kind:?}"));
        let fault = Fault { kind, device_id: None, module_id: None, count, for_ms };
        self.hub.add_fault(fault, self.hub_now());
        self.drain_hub();
    }
}

fn short(settlement: &Settlement) -> String {
    match settlement {
        Settlement::Twin(_) => "twin".to_owned(),
        other => format!("{other:?}"),
    }
}

/// A call that ended well must have had its effect at the hub.
fn had_its_effect(kind: Kind, settlement: &Settlement, ledger: &Ledger) -> Result<(), String> {
    match kind {
        _ if !suits(kind, settlement) => Err(format!("{kind:?} was resolved with {settlement:?}")),
        Kind::Send(message, 1) if ledger.sent[message].at_hub == 0 => {
            Err(format!("the send of m{message} was resolved, and the hub has not got it"))
        }
        Kind::Report(number) if ledger.reported.last().is_none_or(|last| *last < number) => {
            Err(format!("the reported patch {number} was resolved, and the hub has not applied it"))
        }
        _ => Ok(()),
    }
}

fn suits(kind: Kind, settlement: &Settlement) -> bool {
    matches!(
        (kind, settlement),
        (Kind::Send(..), Settlement::Sent)
            | (Kind::Report(_), Settlement::Reported { .. })
            | (Kind::GetTwin, Settlement::Twin(_))
            | (Kind::Connect, Settlement::Connected)
            | (Kind::Close, Settlement::Closed)
    )
}
