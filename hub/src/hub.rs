//! The hub: what is handed in, what comes out, and the state between. The decisions are in the files beside
//! this one, each an `impl Hub` of one subject.

use crate::call::{CallId, Calls};
use crate::changes::Changes;
use crate::clock::{Now, WallClock};
use crate::config::HubConfig;
use crate::event::{Event, Happening};
use crate::event_log::{EventBatch, EventLog};
use crate::fault::Faults;
use crate::feedback::Collected;
use crate::link::{Link, LinkId, Opened};
use crate::outgoing::Leaving;
use crate::packet_log::PacketLog;
use crate::reason::{Cause, Reason};
use crate::registry::Registry;
use crate::rng::Rng;
use crate::strangers::Strangers;
use crate::timers::{Timer, Timers};
use crate::traffic::Traffic;
use iothub_protocol::identity::Identity;
use iothub_protocol::service_error::ServiceError;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// What the shell carries out. Drained with [`Hub::poll_output`] after every input.
#[derive(Debug)]
pub enum Output {
    /// Write these bytes, as one WebSocket frame.
    Transmit {
        /// Where.
        link: LinkId,
        /// What.
        bytes: Vec<u8>,
    },
    /// A CONNECT was let in: for the log.
    Admitted {
        /// Which link.
        link: LinkId,
        /// Whose.
        identity: Arc<Identity>,
    },
    /// Close the socket after what was written; the hub has forgotten the link.
    Close {
        /// Which.
        link: LinkId,
        /// Why: for the log.
        cause: Cause,
        /// Whose link it was, once that was known.
        identity: Option<Arc<Identity>>,
    },
    /// A direct method has ended.
    MethodAnswered {
        /// Which call.
        call: CallId,
        /// The device's answer, or why there is none.
        outcome: Result<MethodAnswer, ServiceError>,
    },
}

/// What a device answered to a direct method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MethodAnswer {
    /// The status in the answer's topic.
    pub status: i32,
    /// The body, unparsed.
    pub payload: Vec<u8>,
}

/// How long a socket may be silent before its CONNECT.
const CONNECT_TIMEOUT_MS: u64 = 60_000;

/// An IoT Hub. It has no socket, clock or randomness of its own.
#[derive(Debug)]
pub struct Hub {
    pub(crate) config: HubConfig,
    pub(crate) clock: WallClock,
    /// The time of the input that is being handled.
    pub(crate) now: Now,
    pub(crate) rng: Rng,
    pub(crate) registry: Registry,
    pub(crate) links: BTreeMap<LinkId, Link>,
    /// Links without a session.
    pub(crate) strangers: Strangers,
    pub(crate) timers: Timers,
    pub(crate) events: EventLog,
    pub(crate) calls: Calls,
    pub(crate) faults: Faults,
    pub(crate) traffic: Traffic,
    pub(crate) feedback: Collected,
    pub(crate) packets: PacketLog,
    pub(crate) next_sequence: u64,
    /// Writes of any twin; etags are made of it.
    pub(crate) twin_writes: u64,
    pub(crate) changes: Changes,
    pub(crate) outputs: VecDeque<Output>,
    /// Links whose buffer has something in it.
    pub(crate) dirty: Vec<LinkId>,
    /// Links that have ended and close once all has left that was held back for them.
    pub(crate) leaving: BTreeMap<LinkId, Leaving>,
}

impl Hub {
    /// A hub with its first device. The same seed gives the same hub.
    #[must_use]
    pub fn new(config: HubConfig, seed: u64, now: Now) -> Self {
        let mut hub = Self {
            events: EventLog::new(config.events_kept, config.event_bytes_kept),
            traffic: Traffic::new(config.tier),
            config,
            clock: WallClock::default(),
            now,
            rng: Rng::new(seed),
            registry: Registry::default(),
            links: BTreeMap::new(),
            strangers: Strangers::default(),
            timers: Timers::default(),
            calls: Calls::default(),
            faults: Faults::default(),
            feedback: Collected::default(),
            packets: PacketLog::default(),
            next_sequence: 0,
            twin_writes: 0,
            changes: Changes::default(),
            outputs: VecDeque::new(),
            dirty: Vec::new(),
            leaving: BTreeMap::new(),
        };
        hub.add_first_device();
        hub
    }

    /// What a reset leaves: what the shell has still to carry out and to write down, and the counters by which
    /// shell and readers name things, which never go back.
    pub(crate) fn keep_from(&mut self, before: Self) {
        self.outputs = before.outputs;
        self.dirty = before.dirty;
        self.events = before.events;
        self.changes = before.changes;
        self.calls = before.calls;
        self.registry = before.registry;
        self.packets = before.packets.emptied();
        self.feedback = before.feedback.emptied();
        self.twin_writes = before.twin_writes;
    }

    /// What the hub was told at birth.
    #[must_use]
    pub fn config(&self) -> &HubConfig {
        &self.config
    }

    /// The shell listens: connection strings say where.
    pub fn listens_on(&mut self, port: u16) {
        self.config.local_port = Some(port);
    }

    /// The hub's wall clock in milliseconds since 1970, at the time of the last input.
    #[must_use]
    pub fn wall_ms(&self) -> u64 {
        self.clock.unix_ms(self.now)
    }

    /// A socket opened; CONNECT is due within a minute.
    pub fn handle_opened(&mut self, link: LinkId, opened: Opened, now: Now) {
        self.now = now;
        self.links.insert(link, Link::new(opened, now.mono_ms));
        self.strangers.insert(link);
        self.timers.arm(now.mono_ms + CONNECT_TIMEOUT_MS, Timer::Connect(link));
        self.bound_strangers(link, 0);
    }

    /// Bytes came in. Packets need not line up with them.
    pub fn handle_bytes(&mut self, link: LinkId, bytes: &[u8], now: Now) {
        self.now = now;
        let Some(state) = self.links.get_mut(&link) else { return };
        if state.half_open {
            return;
        }
        if state.held.bytes() > self.config.max_unsent_bytes {
            let detail = "a fault holds more bytes back than a client may leave unread";
            return self.end_link(link, Cause::new(Reason::SlowReader, detail));
        }
        state.heard_ms = now.mono_ms;
        state.push(bytes);
        loop {
            let Some(state) = self.links.get_mut(&link) else { return };
            match state.decoder.next_client_packet() {
                Ok(Some(packet)) => {
                    self.log_incoming(link, &packet);
                    if let Err(cause) = self.handle_packet(link, packet) {
                        return self.end_link(link, cause);
                    }
                }
                Ok(None) => {
                    let bytes = state.decoder.pending_bytes();
                    return self.bound_strangers(link, bytes);
                }
                Err(error) => return self.handle_malformed(link, &error),
            }
        }
    }

    /// The socket is gone, without the hub having closed it.
    pub fn handle_closed(&mut self, link: LinkId, now: Now) {
        self.now = now;
        let detail = "the socket closed without a DISCONNECT packet";
        self.end_link(link, Cause::new(Reason::ConnectionLost, detail));
    }

    /// What came on a socket can not be read: the shell says why, and the hub ends the link.
    pub fn handle_broken(&mut self, link: LinkId, cause: Cause, now: Now) {
        self.now = now;
        self.end_link(link, cause);
    }

    /// More bytes wait for this link's reader than the shell wants to hold.
    pub fn handle_slow_reader(&mut self, link: LinkId, waiting: usize, now: Now) {
        self.now = now;
        let detail =
            format!("{waiting} bytes wait to be read by the client: it has stopped reading its socket");
        self.end_link(link, Cause::new(Reason::SlowReader, detail));
    }

    /// The deadline of [`Hub::poll_timeout`] has passed, or may have.
    pub fn handle_timeout(&mut self, now: Now) {
        self.now = now;
        while let Some(timer) = self.timers.due(now.mono_ms) {
            match timer {
                Timer::Connect(link) => self.connect_timed_out(link),
                Timer::KeepAlive(link) => self.check_keep_alive(link),
                Timer::Token(link) => self.check_token(link),
                Timer::Queue(slot) => self.expire_messages(slot),
                Timer::Call(call) => self.call_timed_out(call),
                Timer::Held(link) => self.release_held(link),
                Timer::Throttle(link, fault) => self.resume_throttled(link, fault),
                Timer::Feedback => self.send_feedback(),
            }
        }
    }

    /// When [`Hub::handle_timeout`] wants to be called, in monotonic milliseconds.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<u64> {
        self.timers.next()
    }

    /// The next thing to carry out; none when the hub is drained.
    pub fn poll_output(&mut self) -> Option<Output> {
        if let Some(output) = self.outputs.pop_front() {
            return Some(output);
        }
        self.next_buffer()
    }

    /// Up to `max` events after a cursor; zero begins with the oldest that is kept.
    #[must_use]
    pub fn events_after(&self, cursor: u64, max: usize) -> EventBatch {
        self.events.after(cursor, max)
    }

    /// The id of the last event.
    #[must_use]
    pub fn last_event_id(&self) -> u64 {
        self.events.last_id()
    }

    /// Every link is ended, because the process stops.
    pub fn handle_stopping(&mut self, now: Now) {
        self.now = now;
        self.end_all(Reason::HubStopping, "the hub process stops");
    }

    pub(crate) fn end_all(&mut self, reason: Reason, detail: &str) {
        let links: Vec<LinkId> = self.links.keys().copied().collect();
        for link in links {
            self.end_link(link, Cause::new(reason, detail));
        }
        while let Some((link, _)) = self.leaving.first_key_value() {
            self.close_leaving(*link);
        }
    }

    pub(crate) fn happened(&mut self, identity: Option<Arc<Identity>>, happening: Happening) {
        let event = Event { id: self.events.next_id(), at_ms: self.wall_ms(), identity, happening };
        self.events.push(event);
    }

    pub(crate) fn output(&mut self, output: Output) {
        self.outputs.push_back(output);
    }
}
