//! The device: what an application can ask of it, and where each question goes.
//!
//! `life.rs` makes and loses links, `renewal.rs` swaps them before a token ends, `receive.rs` reads what comes.

use crate::backoff::Backoff;
use crate::c2d::Inbox;
use crate::calls::closed;
use crate::clock::{Clock, earlier};
use crate::closing::Closing;
use crate::config::{Config, Will};
use crate::deadlines::Deadlines;
use crate::error::{Code, Error};
use crate::io::{CallId, DeliveryId, Event, OpId, Output, SocketId, State, TokenId};
use crate::life::Phase;
use crate::methods::Methods;
use crate::metrics::Metrics;
use crate::mqtt::{InFlight, Link, Subscriptions, Topic};
use crate::outbox::{Outbox, Waiting};
use crate::random::Random;
use crate::renewal::Renewal;
use crate::telemetry::{self, Message};
use crate::token::Held;
use crate::twin::{Asked, Mirror, Requests, parse_patch};
use crate::watch::Watch;
use crate::witness::Witness;
use iothub_protocol::limits::METHOD_PAYLOAD_BYTES;
use iothub_protocol::secret::Secret;
use iothub_protocol::topic;
use std::collections::VecDeque;

/// What the host tells a device about the world around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostSignal {
    /// The network is back, or the page is shown or resumed: look at the link now.
    Woken,
    /// The page became visible.
    Visible,
    /// The page became hidden: its timers run late from now on.
    Hidden,
    /// The network is gone.
    Offline,
}

/// A device. See the crate's contract.
#[derive(Debug)]
pub struct Device {
    pub(crate) config: Config,
    /// Topic of telemetry up to the bag.
    prefix: String,
    /// The ids make that topic one that MQTT does not allow.
    has_wildcard: bool,
    pub(crate) at: Clock,
    /// Where the wall clock stood when the monotonic one began, as far as it was looked at.
    pub(crate) origin: u64,
    pub(crate) random: Random,
    pub(crate) phase: Phase,
    pub(crate) link: Option<Link>,
    pub(crate) renewal: Renewal,
    /// Renewals in a row that failed.
    pub(crate) renewal_failures: u32,
    /// Connections in a row on which a handler of a message failed.
    pub(crate) failed_messages: u32,
    /// Since when there is a link, renewals not counted.
    pub(crate) online_since: u64,
    /// Messages that were acknowledged before that.
    pub(crate) acked_before: u64,
    pub(crate) witness: Witness,
    pub(crate) held: Option<Held>,
    pub(crate) refusals: u32,
    /// Tokens in a row that had ended when the provider gave them.
    pub(crate) ended_tokens: u32,
    pub(crate) backoff: Backoff,
    pub(crate) next_socket: u32,
    pub(crate) next_token: u32,
    pub(crate) in_flight: InFlight,
    pub(crate) outbox: Outbox,
    pub(crate) subscriptions: Subscriptions,
    pub(crate) inbox: Inbox,
    pub(crate) methods: Methods,
    pub(crate) requests: Requests,
    pub(crate) mirror: Mirror,
    /// Somebody wants `desired` events.
    pub(crate) mirror_wanted: bool,
    pub(crate) connect_op: Option<OpId>,
    /// Calls that wait for subscriptions.
    pub(crate) subscribing: Vec<OpId>,
    pub(crate) closing: Option<Closing>,
    /// The deadline that the driver's timer was last armed for.
    pub(crate) timer: Option<u64>,
    /// That timer came late: the host throttles it.
    pub(crate) late_timers: bool,
    /// The host said that its page is hidden.
    pub(crate) hidden: bool,
    pub(crate) deadlines: Deadlines,
    pub(crate) outputs: VecDeque<Output>,
    pub(crate) metrics: Metrics,
    pub(crate) watch: Watch,
    pub(crate) last_status: Option<(State, &'static str)>,
    /// What the last attempt to connect met.
    pub(crate) trouble: Option<Error>,
}

/// How soon to look again while the socket's own buffer is full: the platform has no event for it.
const BUFFER_CHECK: u64 = 20;

impl Device {
    /// A device that does nothing yet. The configuration has passed [`Config::check`].
    #[must_use]
    pub fn new(config: Config, seed: u64, at: Clock) -> Self {
        Self {
            prefix: topic::telemetry_prefix(&config.identity),
            has_wildcard: config.identity.has_wildcard(),
            config,
            at,
            origin: at.origin(),
            random: Random::new(seed),
            phase: Phase::Idle,
            link: None,
            renewal: Renewal::None,
            renewal_failures: 0,
            failed_messages: 0,
            online_since: 0,
            acked_before: 0,
            witness: Witness::default(),
            held: None,
            refusals: 0,
            ended_tokens: 0,
            backoff: Backoff::default(),
            next_socket: 0,
            next_token: 0,
            in_flight: InFlight::default(),
            outbox: Outbox::default(),
            subscriptions: Subscriptions::default(),
            inbox: Inbox::default(),
            methods: Methods::default(),
            requests: Requests::default(),
            mirror: Mirror::default(),
            mirror_wanted: false,
            connect_op: None,
            subscribing: Vec::new(),
            closing: None,
            timer: None,
            late_timers: false,
            hidden: false,
            deadlines: Deadlines::default(),
            outputs: VecDeque::new(),
            metrics: Metrics::default(),
            watch: Watch::default(),
            last_status: None,
            trouble: None,
        }
    }

    /// The last will of every CONNECT from now on.
    ///
    /// # Errors
    /// `identity` when its topic can not hold the device's id.
    pub fn set_will(&mut self, will: Will) -> Result<(), Error> {
        self.check_topic()?;
        self.config.will = Some(will);
        Ok(())
    }

    /// Whether the topic of messages can hold the ids.
    #[inline(never)] // The text is out of the way of every send.
    fn check_topic(&self) -> Result<(), Error> {
        if !self.has_wildcard {
            return Ok(());
        }
        let text = format!(
            "\"{}\" can send no messages: MQTT allows no + or # in a topic. Twins and methods work; for messages make a device with another id",
            self.config.identity
        );
        Err(Error::new(Code::Identity, text))
    }

    /// Connects; settles with the first CONNACK and the SUBACKs of what was listened to before, or fails at `deadline`.
    ///
    /// # Errors
    /// `argument` when it was called before; `closed`.
    pub fn connect(&mut self, op: OpId, deadline: Option<u64>, at: Clock) -> Result<(), Error> {
        self.at = at;
        self.check_open()?;
        if !matches!(self.phase, Phase::Idle) {
            return Err(Error::new(Code::Argument, "the device has been connected before: make a new one"));
        }
        self.connect_op = Some(op);
        self.arm(op, deadline);
        self.status(State::Connecting, "connecting", "making the first connection".to_owned(), None);
        self.start_link();
        Ok(())
    }

    /// Sends a message; settles with its PUBACK (QoS 1) or when it leaves (QoS 0).
    ///
    /// # Errors
    /// Bad input, a full outbox, a closed device: before anything is sent.
    pub fn send(
        &mut self,
        op: OpId,
        message: &Message<'_>,
        deadline: Option<u64>,
        at: Clock,
    ) -> Result<(), Error> {
        self.at = at;
        self.check_open()?;
        self.check_topic()?;
        let packet = telemetry::write(&self.prefix, message)?;
        for dropped in self.outbox.push(Waiting { op, packet }, &self.config.options)? {
            let error = Error::new(
                Code::OutboxDropped,
                "the outbox was full and this was its oldest message: the option outbox.whenFull is \"drop-oldest\"",
            );
            self.settle(dropped, Err(error));
        }
        self.arm(op, deadline);
        Ok(())
    }

    /// Reads the twin; settles with its JSON text.
    ///
    /// # Errors
    /// When the device is closed.
    pub fn get_twin(&mut self, op: OpId, deadline: Option<u64>, at: Clock) -> Result<(), Error> {
        self.at = at;
        self.check_open()?;
        self.subscriptions.want(Topic::TwinAnswers);
        self.requests.get(Asked::Get(op));
        self.arm(op, deadline.or(Some(at.now + self.config.options.twin_timeout)));
        Ok(())
    }

    /// Sends a reported patch (JSON text of an object); settles with the new version.
    ///
    /// # Errors
    /// `twin-bad-request` when the hub would refuse the patch; when the device is closed.
    pub fn update_reported(
        &mut self,
        op: OpId,
        patch: &str,
        deadline: Option<u64>,
        at: Clock,
    ) -> Result<(), Error> {
        self.at = at;
        self.check_open()?;
        let patch = parse_patch(patch)?;
        self.subscriptions.want(Topic::TwinAnswers);
        self.requests.patch(op, patch);
        self.arm(op, deadline.or(Some(at.now + self.config.options.twin_timeout)));
        Ok(())
    }

    /// Somebody handles C2D messages from now on.
    pub fn listen_messages(&mut self, at: Clock) {
        self.at = at;
        if self.check_topic().is_ok() {
            self.subscriptions.want(Topic::Messages);
        }
        let held = self.inbox.listen();
        self.raise(held);
    }

    /// Somebody more handles changes of desired properties from now on: an event says all there is, as soon as it is
    /// known, and each later one what changed.
    pub fn listen_desired(&mut self, at: Clock) {
        self.at = at;
        self.mirror_wanted = true;
        self.subscriptions.want(Topic::TwinAnswers);
        self.subscriptions.want(Topic::Desired);
        if let Some(all) = self.mirror.all() {
            self.raise_desired(&all);
        }
    }

    /// Somebody handles methods from now on.
    pub fn listen_methods(&mut self, at: Clock) {
        self.at = at;
        self.subscriptions.want(Topic::Methods);
        let held = self.methods.listen();
        self.raise(held);
    }

    /// Settles when the hub has confirmed every subscription that listeners and handlers need.
    ///
    /// # Errors
    /// When the device is closed.
    pub fn subscribed(&mut self, op: OpId, deadline: Option<u64>, at: Clock) -> Result<(), Error> {
        self.at = at;
        self.check_open()?;
        self.subscribing.push(op);
        self.arm(op, deadline);
        self.settle_subscribed();
        Ok(())
    }

    /// Packets are raised as events from now on, or not any more.
    pub fn watch_packets(&mut self, on: bool) {
        self.watch.set(on, self.link.as_ref().map_or(&[], |link| &link.partial));
    }

    /// Whether anybody is at work on a C2D message. One that was raised is taken to be heard.
    pub fn message_heard(&mut self, delivery: DeliveryId, heard: bool, at: Clock) {
        self.at = at;
        self.inbox.heard(delivery, heard);
        self.drain_when_quiet();
    }

    /// The handler of a C2D message is done; it is acknowledged when it went well.
    pub fn message_handled(&mut self, delivery: DeliveryId, well: bool, at: Clock) {
        self.at = at;
        let was_stuck = self.inbox.is_stuck();
        if let Some(link) = &mut self.link {
            self.inbox.handled(delivery, well, &mut link.out);
        }
        match (was_stuck, self.inbox.is_stuck()) {
            (false, true) => self.bring_again(),
            (false, false) => self.failed_messages = 0,
            _ => {}
        }
        self.drain_when_quiet();
    }

    /// The answer to a method. An answer to a caller that has gone is dropped.
    ///
    /// # Errors
    /// `argument` when the answer exceeds 128 KB; the caller then gets a 500 that says so.
    pub fn answer_method(&mut self, call: CallId, status: i32, body: &[u8], at: Clock) -> Result<(), Error> {
        self.at = at;
        let too_large = body.len() > METHOD_PAYLOAD_BYTES;
        let (status, sent): (i32, &[u8]) =
            if too_large { (500, br#"{"error":"the answer exceeds 128 KB"}"#) } else { (status, body) };
        if let Some(topic) = self.methods.answer(call, status)
            && let Some(link) = &mut self.link
        {
            // The topic is as long as the hub's own request id: it fits.
            let _ = link.publish(&topic, sent);
        }
        self.drain_when_quiet();
        if too_large {
            let text = format!(
                "the method's answer has {} bytes, the hub allows {METHOD_PAYLOAD_BYTES}",
                body.len()
            );
            return Err(Error::new(Code::Argument, text));
        }
        Ok(())
    }

    /// The application's answer to [`Output::NeedToken`].
    pub fn token_arrived(&mut self, request: TokenId, token: Result<Secret, String>, at: Clock) {
        self.at = at;
        self.on_token(request, token);
    }

    /// The caller has given up on a call. What is on the wire already may still reach the hub.
    pub fn abort(&mut self, op: OpId, at: Clock) {
        self.at = at;
        self.give_up(
            op,
            Code::Aborted,
            "the call was aborted by its signal; what had left may still reach the hub",
        );
    }

    /// Closes: at once when `drain` is zero, else after open work and running handlers, or that many milliseconds. Of
    /// two calls the more impatient one decides.
    pub fn close(&mut self, op: OpId, drain: u64, at: Clock) {
        self.at = at;
        self.begin_close(op, drain);
    }

    /// The host noticed something.
    pub fn host_signal(&mut self, signal: HostSignal, at: Clock) {
        self.at = at;
        match signal {
            HostSignal::Woken => self.woken(),
            HostSignal::Offline => self.probe(),
            HostSignal::Visible => {
                self.set_hidden(false);
                self.woken();
            }
            HostSignal::Hidden => self.set_hidden(true),
        }
    }

    /// The socket is open.
    pub fn socket_opened(&mut self, socket: SocketId, at: Clock) {
        self.at = at;
        self.on_opened(socket);
    }

    /// Bytes came from the socket.
    pub fn socket_bytes(&mut self, socket: SocketId, bytes: &[u8], at: Clock) {
        self.at = at;
        self.on_bytes(socket, bytes);
    }

    /// The socket is closed, by the other side or because it never opened. `code` is the WebSocket close code.
    pub fn socket_closed(&mut self, socket: SocketId, code: u16, at: Clock) {
        self.socket_failed(socket, code, "", at);
    }

    /// [`Device::socket_closed`], with what the host says about it; empty when it says nothing.
    pub fn socket_failed(&mut self, socket: SocketId, code: u16, why: &str, at: Clock) {
        self.at = at;
        self.on_closed(socket, code, why);
    }

    /// The socket whose buffer matters: the connection's, while messages wait for room.
    #[must_use]
    pub fn waits_on(&self) -> Option<SocketId> {
        self.link.as_ref().filter(|_| !self.outbox.is_empty()).map(|link| link.socket)
    }

    /// How many bytes the socket still holds; call it before draining when messages wait.
    pub fn socket_buffered(&mut self, socket: SocketId, bytes: usize) {
        if let Some(link) = self.link.as_mut().filter(|link| link.socket == socket) {
            link.buffered = bytes;
        }
    }

    /// The deadline of [`Device::poll_timeout`] has passed, or may have.
    pub fn handle_timeout(&mut self, at: Clock) {
        self.at = at;
        self.note_late_timer();
        for op in self.deadlines.expired(at.now) {
            self.expire(op);
        }
        self.life_timeout();
        self.renewal_timeout();
        self.close_when_done();
    }

    /// When to call [`Device::handle_timeout`], on the monotonic clock; none when nothing is waited for.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<u64> {
        let mut due = earlier(self.deadlines.first(), earlier(self.life_deadline(), self.renewal.deadline()));
        if let Some(closing) = &self.closing {
            due = earlier(due, Some(closing.until));
        }
        if matches!(self.phase, Phase::Online) {
            due = earlier(due, self.requests.deadline(self.at.now));
            let full = self.link.as_ref().is_some_and(|link| self.is_socket_full(link));
            if full && !self.outbox.is_empty() {
                due = earlier(due, Some(self.at.now + BUFFER_CHECK));
            }
        }
        due
    }

    /// The next thing to do; none when the driver may wait.
    pub fn poll_output(&mut self) -> Option<Output> {
        if let Some(output) = self.outputs.pop_front() {
            return Some(output);
        }
        self.pump();
        if let Some(link) = self.link.as_mut().filter(|link| !link.out.is_empty())
            && !matches!(self.phase, Phase::Opening { .. })
            && !self.renewal.has_left()
        {
            let bytes = std::mem::take(&mut link.out);
            link.keep_alive.spoke(self.at.now);
            let socket = link.socket;
            // The driver says how much the socket holds before it drains, not in between.
            link.buffered += bytes.len();
            let seen = self.watch.outgoing(&bytes);
            self.raise(seen);
            return Some(Output::Transmit { socket, bytes });
        }
        let last = self.outputs.pop_front();
        if last.is_none() {
            // Drained: the driver arms its timer now, and moves it only to an earlier time.
            self.timer = earlier(self.timer, self.poll_timeout());
        }
        last
    }

    /// Figures for a gauge.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        Metrics { queued: self.outbox.len(), in_flight: self.in_flight.len(), ..self.metrics }
    }

    /// Whether something can be asked of the device.
    ///
    /// # Errors
    /// What every later call ends with: why the device stopped, or `closed`.
    pub fn check_open(&self) -> Result<(), Error> {
        match &self.phase {
            Phase::Stopped(error) => Err(error.clone()),
            Phase::Closed | Phase::Parting => Err(closed()),
            _ if self.closing.is_some() => Err(closed()),
            _ => Ok(()),
        }
    }

    fn arm(&mut self, op: OpId, deadline: Option<u64>) {
        if let Some(deadline) = deadline {
            self.deadlines.push(op, deadline);
        }
    }

    pub(crate) fn raise(&mut self, events: Vec<Event>) {
        for event in events {
            self.outputs.push_back(Output::Event(event));
        }
    }

    pub(crate) fn status(
        &mut self,
        state: State,
        reason: &'static str,
        detail: String,
        retry_in: Option<u64>,
    ) {
        if self.last_status != Some((state, reason)) || retry_in.is_some() {
            self.last_status = Some((state, reason));
            self.outputs.push_back(Output::Event(Event::Status { state, reason, detail, retry_in }));
        }
    }
}
