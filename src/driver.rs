//! The driver of one device: hands it events and time, carries out what it says, and tells JavaScript.
//!
//! Nobody is called while the device is borrowed, and a socket is somebody: its class may be the application's, which
//! may ask the driver for something, or answer, within any call. What JavaScript has to hear is queued, the borrow
//! ends, and only then is it told, in order. A call that comes from within such a call queues behind.

use crate::clock::{HostClock, whole};
use crate::errors;
use crate::host::Host;
use crate::options;
use crate::panic;
use crate::staged::{Properties, Reader};
use iothub_device::{
    CallId, Clock, DeliveryId, Device, Error, Event, HostSignal, OpId, Output, Settlement, SocketId, TokenId,
};
use iothub_protocol::bag;
use iothub_protocol::percent;
use iothub_protocol::secret::Secret;
use js_sys::{Array, Uint8Array};
use std::cell::{Cell, RefCell, RefMut};
use std::collections::VecDeque;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// One device, driven by the host's events.
#[wasm_bindgen]
#[derive(Clone)]
pub struct Driver(Rc<Shared>);

/// A driver's parts; `panic.rs` reaches the host through it.
pub(crate) struct Shared {
    pub(crate) host: Host,
    inner: RefCell<Inner>,
    /// What JavaScript has to hear, in order.
    told: RefCell<VecDeque<Output>>,
    flush_queued: Cell<bool>,
}

struct Inner {
    device: Device,
    clock: HostClock,
    /// The clock of this turn of the event loop; read once.
    turn: Option<Clock>,
    /// When the host's timer fires.
    timer: Option<u64>,
    draining: bool,
    telling: bool,
}

#[wasm_bindgen]
impl Driver {
    /// A device of `credentials` and `options`, each an object as JSON text; `host` implements [`Host`].
    ///
    /// # Errors
    /// `[code, message, retryable]` for bad credentials or options.
    #[wasm_bindgen(constructor)]
    pub fn new(credentials: &str, options: &str, seed: f64, host: Host) -> Result<Self, JsValue> {
        let config = options::read(credentials, options).map_err(|error| errors::to_js(&error))?;
        let clock = HostClock::new();
        let device = Device::new(config, whole(seed), clock.read());
        let inner = Inner { device, clock, turn: None, timer: None, draining: false, telling: false };
        let shared = Rc::new(Shared {
            host,
            inner: RefCell::new(inner),
            told: RefCell::default(),
            flush_queued: Cell::default(),
        });
        panic::remember(&shared);
        Ok(Self(shared))
    }

    /// The last will; to be set before `connect`. See `staged.rs` for how it is written.
    ///
    /// # Errors
    /// `[code, message, retryable]` for a message that can not be sent.
    pub fn set_will(&self, heads: &[u32], bytes: &[u8]) -> Result<(), JsValue> {
        let Some(will) = Reader::new(heads, bytes).next() else { return Ok(()) };
        let will = will.will().map_err(|error| errors::to_js(&error))?;
        self.0.inner.borrow_mut().device.set_will(will).map_err(|error| errors::to_js(&error))
    }

    /// Connects; `timeout` in milliseconds.
    pub fn connect(&self, op: u32, timeout: Option<f64>) {
        let (mut inner, at) = self.act();
        let begun = inner.device.connect(OpId(op), deadline(at, timeout), at);
        self.refuse(op, begun);
    }

    /// Sends messages, written as `staged.rs` says; `end` when the turn ends with them.
    pub fn send(&self, heads: &[u32], bytes: &[u8], end: bool) {
        {
            let (mut inner, at) = if end { self.now() } else { self.act() };
            let (mut messages, mut properties) = (Reader::new(heads, bytes), Properties::default());
            while let Some(staged) = messages.next() {
                let sent = staged.message(&mut properties).and_then(|message| {
                    inner.device.send(OpId(staged.op), &message, staged.timeout.map(|ms| at.now + ms), at)
                });
                self.refuse(staged.op, sent);
            }
        }
        if end {
            self.drain();
        }
    }

    /// Reads the twin.
    pub fn get_twin(&self, op: u32, timeout: Option<f64>) {
        let (mut inner, at) = self.act();
        let begun = inner.device.get_twin(OpId(op), deadline(at, timeout), at);
        self.refuse(op, begun);
    }

    /// Sends a reported patch, as JSON text.
    pub fn update_reported(&self, op: u32, patch: &str, timeout: Option<f64>) {
        let (mut inner, at) = self.act();
        let begun = inner.device.update_reported(OpId(op), patch, deadline(at, timeout), at);
        self.refuse(op, begun);
    }

    /// Closes after open work, at the latest after `drain` milliseconds.
    pub fn close(&self, op: u32, drain: f64) {
        let (mut inner, at) = self.act();
        inner.device.close(OpId(op), whole(drain), at);
    }

    /// The caller has given up on a call.
    pub fn abort(&self, op: u32) {
        let (mut inner, at) = self.act();
        inner.device.abort(OpId(op), at);
    }

    /// Settles with the last SUBACK of what is listened to.
    pub fn subscribed(&self, op: u32, timeout: Option<f64>) {
        let (mut inner, at) = self.act();
        let begun = inner.device.subscribed(OpId(op), deadline(at, timeout), at);
        self.refuse(op, begun);
    }

    /// Somebody handles C2D messages.
    pub fn listen_messages(&self) {
        let (mut inner, at) = self.act();
        inner.device.listen_messages(at);
    }

    /// Somebody handles desired changes.
    pub fn listen_desired(&self) {
        let (mut inner, at) = self.act();
        inner.device.listen_desired(at);
    }

    /// Somebody handles methods.
    pub fn listen_methods(&self) {
        let (mut inner, at) = self.act();
        inner.device.listen_methods(at);
    }

    /// Packets are raised as events, or not any more.
    pub fn watch_packets(&self, on: bool) {
        self.act().0.device.watch_packets(on);
    }

    /// Whether a listener is at work on a C2D message.
    pub fn message_heard(&self, delivery: u32, heard: bool) {
        let (mut inner, at) = self.act();
        inner.device.message_heard(DeliveryId(delivery), heard, at);
    }

    /// The handler of a C2D message is done.
    pub fn message_handled(&self, delivery: u32, well: bool) {
        let (mut inner, at) = self.act();
        inner.device.message_handled(DeliveryId(delivery), well, at);
    }

    /// The answer to a method, as JSON text.
    ///
    /// # Errors
    /// `[code, message, retryable]` when the answer is too large; the caller got a 500.
    pub fn answer_method(&self, call: u32, status: i32, body: &str) -> Result<(), JsValue> {
        let (mut inner, at) = self.act();
        let outcome = inner.device.answer_method(CallId(call), status, body.as_bytes(), at);
        outcome.map_err(|error| errors::to_js(&error))
    }

    /// What was asked for in this turn is carried out: the answer to [`Host`]'s `later`.
    pub fn flush(&self) {
        self.drain();
    }

    /// The timer fired: the answer to [`Host`]'s `wake`.
    pub fn timeout(&self) {
        let (mut inner, at) = self.event();
        inner.timer = None;
        inner.device.handle_timeout(at);
        drop(inner);
        self.drain();
    }

    /// The page's own events, by number: woken, visible, hidden, offline.
    pub fn signal(&self, signal: u8) {
        let signal = match signal {
            0 => HostSignal::Woken,
            1 => HostSignal::Visible,
            2 => HostSignal::Hidden,
            _ => HostSignal::Offline,
        };
        let (mut inner, at) = self.event();
        inner.device.host_signal(signal, at);
        drop(inner);
        self.drain();
    }

    /// A socket is open.
    pub fn socket_opened(&self, socket: u32) {
        let (mut inner, at) = self.event();
        inner.device.socket_opened(SocketId(socket), at);
        drop(inner);
        self.drain();
    }

    /// Bytes came from a socket.
    pub fn socket_bytes(&self, socket: u32, bytes: &[u8]) {
        let (mut inner, at) = self.event();
        inner.device.socket_bytes(SocketId(socket), bytes, at);
        drop(inner);
        self.drain();
    }

    /// A socket is closed, or never opened; `why` is what its class says about it, if anything.
    pub fn socket_closed(&self, socket: u32, code: u16, why: &str) {
        let (mut inner, at) = self.event();
        inner.device.socket_failed(SocketId(socket), code, why, at);
        drop(inner);
        self.drain();
    }

    /// The token that was asked for.
    pub fn token_arrived(&self, request: u32, token: String) {
        self.token(request, Ok(Secret::new(token)));
    }

    /// The token provider failed, in its own words.
    pub fn token_failed(&self, request: u32, text: String) {
        self.token(request, Err(text));
    }

    /// Why nothing can be asked of it any more: `[code, message, retryable]`; nothing while something can.
    #[must_use]
    pub fn end(&self) -> JsValue {
        let open = self.0.inner.borrow().device.check_open();
        open.err().map_or(JsValue::UNDEFINED, |error| errors::to_js(&error))
    }

    /// `[queued, inFlight, sent, acked, resent, reconnects, roundTripMs]`.
    #[must_use]
    pub fn metrics(&self) -> Vec<f64> {
        let metrics = self.0.inner.borrow().device.metrics();
        let sizes = [metrics.queued as u64, metrics.in_flight as u64];
        let counts = [metrics.sent, metrics.acked, metrics.resent, metrics.reconnects, metrics.round_trip_ms];
        let mut all = Vec::with_capacity(sizes.len() + counts.len());
        for figures in [&sizes[..], &counts] {
            #[expect(clippy::cast_precision_loss, reason = "counters stay below 2^53")]
            figures.iter().for_each(|figure| all.push(*figure as f64));
        }
        all
    }
}

fn deadline(at: Clock, timeout: Option<f64>) -> Option<u64> {
    timeout.filter(|ms| ms.is_finite()).map(|ms| at.now + whole(ms))
}

impl Driver {
    fn token(&self, request: u32, token: Result<Secret, String>) {
        let (mut inner, at) = self.act();
        inner.device.token_arrived(TokenId(request), token, at);
    }

    /// A call that was refused at once settles with the others, in order.
    fn refuse(&self, op: u32, begun: Result<(), Error>) {
        if let Err(error) = begun {
            self.0.told.borrow_mut().push_back(Output::Settled { op: OpId(op), outcome: Err(error) });
        }
    }

    /// For a call of the application: the device, and its time. What it says is carried out at the end of this turn:
    /// all that the application asks for in one turn leaves in one frame.
    fn act(&self) -> (RefMut<'_, Inner>, Clock) {
        if !self.0.flush_queued.replace(true) {
            self.0.host.later();
        }
        self.now()
    }

    fn now(&self) -> (RefMut<'_, Inner>, Clock) {
        let mut inner = self.0.inner.borrow_mut();
        let at = inner.now();
        (inner, at)
    }

    /// For something that came from outside: the device, and a new turn's time. [`Driver::drain`] has to follow.
    fn event(&self) -> (RefMut<'_, Inner>, Clock) {
        let mut inner = self.0.inner.borrow_mut();
        inner.turn = None;
        let at = inner.now();
        (inner, at)
    }

    /// Carries out what the device says, arms its timer, then tells JavaScript. From within a socket's call it does
    /// nothing: the drain that made the call goes on.
    fn drain(&self) {
        self.0.flush_queued.set(false);
        let full = {
            let mut inner = self.0.inner.borrow_mut();
            if std::mem::replace(&mut inner.draining, true) {
                return;
            }
            inner.device.waits_on()
        };
        if let Some(socket) = full {
            let buffered = self.0.host.buffered(socket.0);
            let mut inner = self.0.inner.borrow_mut();
            inner.device.socket_buffered(socket, usize::try_from(whole(buffered)).unwrap_or(usize::MAX));
        }
        loop {
            let Some(output) = self.0.inner.borrow_mut().device.poll_output() else { break };
            self.carry_out(output);
        }
        let wake = {
            let mut inner = self.0.inner.borrow_mut();
            inner.draining = false;
            let wake = inner.arm_timer();
            inner.turn = None;
            wake
        };
        if let Some(wait) = wake {
            self.0.host.wake(wait);
        }
        self.tell();
    }

    fn carry_out(&self, output: Output) {
        let host = &self.0.host;
        match output {
            Output::Open { socket, url } => host.open(socket.0, &url),
            Output::Transmit { socket, bytes } => host.transmit(socket.0, &bytes),
            Output::Close { socket } => host.hang_up(socket.0),
            told => self.0.told.borrow_mut().push_back(told),
        }
    }

    /// Tells JavaScript what happened, in order, with nothing borrowed.
    fn tell(&self) {
        if std::mem::replace(&mut self.0.inner.borrow_mut().telling, true) {
            return;
        }
        let mut sent = Vec::new();
        loop {
            let next = self.0.told.borrow_mut().pop_front();
            match next {
                Some(Output::Settled { op, outcome: Ok(Settlement::Sent) }) => {
                    sent.push(op.0);
                    continue;
                }
                other => {
                    if !sent.is_empty() {
                        self.0.host.sent(&sent);
                        sent.clear();
                    }
                    match other {
                        Some(output) => self.tell_one(output),
                        // The sends that were just told may have asked for more.
                        None if self.0.told.borrow().is_empty() => break,
                        None => {}
                    }
                }
            }
        }
        self.0.inner.borrow_mut().telling = false;
    }

    fn tell_one(&self, output: Output) {
        let host = &self.0.host;
        match output {
            Output::Settled { op, outcome: Ok(settlement) } => host.done(op.0, settled(settlement)),
            Output::Settled { op, outcome: Err(error) } => host.failed(op.0, errors::to_js(&error)),
            Output::NeedToken { request, audience, expires_at } => {
                self.need_token(request, &audience, expires_at);
            }
            Output::ForgetToken { request } => host.forget_token(request.0),
            Output::Event(event) => self.tell_event(event),
            Output::Open { .. } | Output::Transmit { .. } | Output::Close { .. } => {}
        }
    }

    #[inline(never)]
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 stay below 2^53")]
    fn need_token(&self, request: TokenId, audience: &str, expires_at: u64) {
        self.0.host.need_token(request.0, &percent::decode(audience), expires_at as f64);
    }

    #[expect(clippy::cast_precision_loss, reason = "waits stay below 2^53")]
    fn tell_event(&self, event: Event) {
        let host = &self.0.host;
        match event {
            Event::Status { state, reason, detail, retry_in } => {
                host.status(state.as_str(), reason, &detail, retry_in.map(|ms| ms as f64));
            }
            traffic => self.tell_traffic(traffic),
        }
    }

    /// By itself: what comes before the first CONNACK need not wait for it to be compiled.
    #[inline(never)]
    #[expect(clippy::cast_precision_loss, reason = "versions stay below 2^53")]
    fn tell_traffic(&self, event: Event) {
        let host = &self.0.host;
        match event {
            Event::Status { .. } => {}
            Event::Message { delivery, input, bag, body, dup } => {
                let input = input.map(|name| percent::decode(&name));
                host.message(delivery.0, input, properties(&bag), Uint8Array::from(&body[..]), dup);
            }
            Event::Desired { patch, version, complete } => host.desired(&patch, version as f64, complete),
            Event::Method { call, name, payload } => host.method(call.0, &name, &payload),
            Event::MethodGone { call } => host.method_gone(call.0),
            Event::Packet { outgoing, bytes } => host.packet(outgoing, Uint8Array::from(&bytes[..])),
        }
    }
}

impl Inner {
    fn now(&mut self) -> Clock {
        match self.turn {
            Some(at) => at,
            None => {
                let at = self.clock.read();
                self.turn = Some(at);
                at
            }
        }
    }

    /// One timer serves all deadlines. A timer that fires too early only asks again, so it is moved only when
    /// something is due before it. Gives what the host is to do: a wait, or none by a negative number.
    fn arm_timer(&mut self) -> Option<i32> {
        let Some(due) = self.device.poll_timeout() else { return self.timer.take().map(|_| -1) };
        if self.timer.is_some_and(|armed| armed <= due) {
            return None;
        }
        self.timer = Some(due);
        // Rounded up: a timer that fires a fraction too early would spin.
        let wait = due.saturating_sub(self.now().now) + 1;
        Some(i32::try_from(wait).unwrap_or(i32::MAX))
    }
}

fn settled(settlement: Settlement) -> JsValue {
    match settlement {
        Settlement::Twin(text) => text.into(),
        #[expect(clippy::cast_precision_loss, reason = "versions stay below 2^53")]
        Settlement::Reported { version } => version.map(|version| version as f64).into(),
        Settlement::Connected | Settlement::Subscribed | Settlement::Sent | Settlement::Closed => {
            JsValue::UNDEFINED
        }
    }
}

/// `[name, value, name, value, …]`; a value is `null` where the bag had no `=`.
fn properties(bag: &str) -> Array {
    let all = Array::new();
    for property in bag::read_devicebound(bag) {
        all.push(&property.name.into());
        all.push(&property.value.map_or(JsValue::NULL, JsValue::from));
    }
    all
}
