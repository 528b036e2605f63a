//! Direct methods: a question to a device, with a time to wait for the device and a time to wait for its
//! answer. Delivered at most once, never queued.

use crate::event::Happening;
use crate::hub::{Hub, MethodAnswer, Output};
use crate::link::InFlight;
use crate::reason::shown;
use crate::registry::Slot;
use crate::session::Wanted;
use crate::timers::Timer;
use iothub_protocol::identity::Identity;
use iothub_protocol::limits;
use iothub_protocol::packet::{QoS, write_publish};
use iothub_protocol::service_error::{ErrorCode, ServiceError};
use iothub_protocol::topic;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Names a call. Its hexadecimal form is the `$rid` that the device echoes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub u64);

impl CallId {
    /// The request id in topics.
    fn rid(self) -> String {
        format!("{:x}", self.0)
    }
}

/// Calls that wait for one device; the next is refused with 403800. Microsoft publishes no number.
const IN_FLIGHT_MAX: usize = 100;

/// A method as a service invokes it.
#[derive(Debug, Clone)]
pub struct MethodCall {
    /// Its name.
    pub name: String,
    /// JSON text of the payload, as it came; empty when the service sent none.
    pub payload: String,
    /// How long to wait for the answer: 5 to 300 s, 30 by default.
    pub response_timeout_s: u64,
    /// How long to wait for the device: 0 to 300 s, 0 by default.
    pub connect_timeout_s: u64,
}

#[derive(Debug)]
struct Open {
    slot: Slot,
    call: MethodCall,
    sent: bool,
    deadline_ms: u64,
}

/// The calls that wait.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    open: BTreeMap<CallId, Open>,
    next: u64,
}

impl Hub {
    /// Invokes a method. The outcome comes as [`Output::MethodAnswered`].
    ///
    /// # Errors
    /// At once: 404001 or 404010 for an unknown identity, 404103 when it is offline and nobody wants to wait,
    /// 400004 for a bad name, time or payload, 403800 when too many wait.
    pub fn invoke_method(
        &mut self,
        identity: &Identity,
        call: MethodCall,
        now: crate::Now,
    ) -> Result<CallId, ServiceError> {
        self.now = now;
        let slot = self.slot_of(identity)?;
        check_call(&call)?;
        self.count_method(call.payload.len())?;
        let listening = self.listens_for_methods(slot);
        if !listening && call.connect_timeout_s == 0 {
            return Err(not_online(identity));
        }
        if self.calls.open.values().filter(|open| open.slot == slot).count() >= IN_FLIGHT_MAX {
            let text = format!("{IN_FLIGHT_MAX} methods wait for \"{identity}\" already");
            return Err(ServiceError::new(ErrorCode::DeviceMaximumInflightMethodExceeded, text));
        }
        self.calls.next += 1;
        let id = CallId(self.calls.next);
        let deadline_ms = now.mono_ms + call.connect_timeout_s * 1000;
        self.calls.open.insert(id, Open { slot, call, sent: false, deadline_ms });
        if listening {
            self.send_call(id);
        } else {
            self.timers.arm(deadline_ms, Timer::Call(id));
        }
        Ok(id)
    }

    /// The caller no longer wants the answer.
    pub fn forget_method(&mut self, id: CallId) {
        self.calls.open.remove(&id);
    }

    fn listens_for_methods(&self, slot: Slot) -> bool {
        let Some(record) = self.registry.get(slot) else { return false };
        record.link.is_some() && record.session.as_ref().is_some_and(|s| s.granted(Wanted::Methods).is_some())
    }

    fn send_call(&mut self, id: CallId) {
        let Some(open) = self.calls.open.get_mut(&id) else { return };
        open.sent = true;
        open.deadline_ms = self.now.mono_ms + open.call.response_timeout_s * 1000;
        let (slot, deadline) = (open.slot, open.deadline_ms);
        let (name, payload) = (open.call.name.clone(), open.call.payload.clone());
        self.timers.arm(deadline, Timer::Call(id));
        let rid = id.rid();
        let topic = topic::method_request(&name, &rid);
        self.publish_to(slot, Wanted::Methods, &topic, payload.as_bytes());
        let identity = self.registry.get(slot).map(|record| Arc::clone(&record.identity));
        let payload = Some(payload);
        self.happened(identity, Happening::Method { state: "sent", name, rid, status: None, payload });
    }

    /// Publishes to the device that holds `slot` if it listens, with the QoS it was granted.
    pub(crate) fn publish_to(&mut self, slot: Slot, wanted: Wanted, topic: &str, body: &[u8]) -> bool {
        let Some(record) = self.registry.get(slot) else { return false };
        let Some(link) = record.link else { return false };
        let Some(qos) = record.session.as_ref().and_then(|s| s.granted(wanted)) else { return false };
        let Some(session) = self.links.get_mut(&link).and_then(|state| state.session.as_mut()) else {
            return false;
        };
        let (qos, id) = match qos {
            0 => (QoS::AtMostOnce, 0),
            _ => (QoS::AtLeastOnce, session.assign_id(InFlight::Other)),
        };
        let copies = if self.faults.is_empty() { 1 } else { self.fault_copies(slot) };
        for copy in 0..copies {
            if let Some(out) = self.out(link) {
                // Topics of the hub's own making are short.
                let _ = write_publish(out, topic, body, qos, id, copy > 0 && id > 0);
            }
        }
        self.note_activity(slot);
        true
    }

    /// The device connected, or subscribed to methods: calls that waited for it go out.
    pub(crate) fn device_came(&mut self, slot: Slot) {
        if self.calls.open.is_empty() || !self.listens_for_methods(slot) {
            return;
        }
        let waiting: Vec<CallId> = self
            .calls
            .open
            .iter()
            .filter(|(_, open)| open.slot == slot && !open.sent)
            .map(|(id, _)| *id)
            .collect();
        waiting.into_iter().for_each(|id| self.send_call(id));
    }

    /// An answer came; late and unknown ones are ignored.
    pub(crate) fn take_method_answer(&mut self, link: crate::LinkId, rid: &str, status: i32, body: &[u8]) {
        let Some((slot, identity)) = self.who(link) else { return };
        // The text that was sent, not another spelling of its number.
        let Some(id) = u64::from_str_radix(rid, 16).ok().map(CallId).filter(|id| id.rid() == rid) else {
            return;
        };
        if self.calls.open.get(&id).is_none_or(|open| open.slot != slot || !open.sent) {
            return;
        }
        let Some(open) = self.calls.open.remove(&id) else { return };
        let outcome = if body.len() > limits::METHOD_PAYLOAD_BYTES {
            let text = format!(
                "the device answered {} bytes, {} are allowed",
                body.len(),
                limits::METHOD_PAYLOAD_BYTES
            );
            Err(ServiceError::new(ErrorCode::MessageTooLarge, text))
        } else {
            Ok(MethodAnswer { status, payload: body.to_vec() })
        };
        let payload = Some(String::from_utf8_lossy(body).into_owned());
        let happening = Happening::Method {
            state: "answered",
            name: open.call.name,
            rid: rid.to_owned(),
            status: Some(status),
            payload,
        };
        self.happened(Some(identity), happening);
        self.output(Output::MethodAnswered { call: id, outcome });
    }

    pub(crate) fn call_timed_out(&mut self, id: CallId) {
        let Some(open) = self.calls.open.get(&id) else { return };
        if open.deadline_ms > self.now.mono_ms {
            return self.timers.arm(open.deadline_ms, Timer::Call(id));
        }
        let (sent, waited, slot) = (open.sent, open.call.response_timeout_s, open.slot);
        let identity = self.registry.get(slot).map(|record| Arc::clone(&record.identity));
        let who =
            identity.as_ref().map_or_else(|| "the device".to_owned(), |identity| format!("\"{identity}\""));
        let error = if sent {
            ServiceError::new(ErrorCode::GatewayTimeout, format!("{who} did not answer within {waited} s"))
        } else {
            ServiceError::new(
                ErrorCode::DeviceNotOnline,
                format!("{who} did not connect and subscribe to methods in time"),
            )
        };
        self.fail_call(id, error);
    }

    /// The link of a device is gone: what was sent on it is never answered. It times out, as on the real hub,
    /// where nobody is told either; only calls to a deleted identity fail at once.
    pub(crate) fn fail_calls_of(&mut self, slot: Slot) {
        if self.registry.get(slot).is_some() {
            return;
        }
        let lost: Vec<CallId> =
            self.calls.open.iter().filter(|(_, open)| open.slot == slot).map(|(id, _)| *id).collect();
        for id in lost {
            self.fail_call(
                id,
                ServiceError::new(ErrorCode::DeviceNotFound, "the device was deleted or replaced"),
            );
        }
    }

    fn fail_call(&mut self, id: CallId, error: ServiceError) {
        let Some(open) = self.calls.open.remove(&id) else { return };
        let identity = self.registry.get(open.slot).map(|record| Arc::clone(&record.identity));
        let state = if error.code == ErrorCode::GatewayTimeout { "timed-out" } else { "failed" };
        let rid = id.rid();
        let happening = Happening::Method {
            state,
            name: open.call.name,
            rid,
            status: None,
            payload: Some(error.message.clone()),
        };
        self.happened(identity, happening);
        self.output(Output::MethodAnswered { call: id, outcome: Err(error) });
    }
}

fn not_online(identity: &Identity) -> ServiceError {
    let text =
        format!("\"{identity}\" is not connected, or connected and not subscribed to $iothub/methods/POST/#");
    ServiceError::new(ErrorCode::DeviceNotOnline, text)
}

fn check_call(call: &MethodCall) -> Result<(), ServiceError> {
    let bad = |text: String| Err(ServiceError::new(ErrorCode::ArgumentInvalid, text));
    let allowed = |c: char| c.is_ascii_graphic() && !"$()<>@,;:\\\"/[]?={}+#".contains(c);
    if call.name.is_empty() || !call.name.chars().all(allowed) {
        return bad(format!(
            "methodName \"{}\": printable ASCII without $()<>@,;:\\\"/[]?={{}}+# and space",
            shown(&call.name)
        ));
    }
    let longest = topic::method_request(&call.name, &CallId(u64::MAX).rid()).len();
    if longest > limits::TOPIC_BYTES {
        return bad(format!("methodName has {} bytes: it does not fit into an MQTT topic", call.name.len()));
    }
    if !(5..=300).contains(&call.response_timeout_s) {
        return bad(format!("responseTimeoutInSeconds is {}, it must be 5 to 300", call.response_timeout_s));
    }
    if call.connect_timeout_s > 300 {
        return bad(format!(
            "connectTimeoutInSeconds is {}, at most 300 are allowed",
            call.connect_timeout_s
        ));
    }
    if call.payload.len() > limits::METHOD_PAYLOAD_BYTES {
        let text = format!(
            "the payload has {} bytes, {} are allowed",
            call.payload.len(),
            limits::METHOD_PAYLOAD_BYTES
        );
        return Err(ServiceError::new(ErrorCode::MessageTooLarge, text));
    }
    Ok(())
}
