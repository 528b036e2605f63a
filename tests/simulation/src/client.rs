//! One device and all that its driver and its application remember of it.

use crate::provider::Provider;
use crate::watch::InFlightWatch;
use iothub_device::{CallId, Clock, Config, Credentials, Device, Error, Settlement, SocketId, State};
use iothub_hub::FIRST_DEVICE_KEY;
use iothub_protocol::identity::Identity;
use iothub_protocol::sas::Key;
use iothub_protocol::twin::Object;
use std::collections::{BTreeMap, BTreeSet};

/// How the host runs a client's timers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timers {
    /// When they are due.
    Prompt,
    /// At most once a minute, as in a hidden tab; the number is when in the minute, in milliseconds.
    OnceAMinute(u64),
}

/// What an application's call was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `connect`.
    Connect,
    /// `send`, of the message of this number, with this QoS.
    Send(usize, u8),
    /// `getTwin`.
    GetTwin,
    /// `updateReported` of `{"n": number}`.
    Report(u64),
    /// `close`.
    Close,
}

/// A call and how it ended.
#[derive(Debug, Clone)]
pub struct Call {
    /// What it was.
    pub kind: Kind,
    /// When.
    pub at: u64,
    /// The application has aborted it.
    pub aborted: bool,
    /// When its time-out ends, if the application gave one.
    pub deadline: Option<u64>,
    /// Its end, and when.
    pub outcome: Option<(u64, Result<Settlement, Error>)>,
}

/// A `status` event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// When.
    pub at: u64,
    /// The state.
    pub state: State,
    /// The reason's word.
    pub reason: &'static str,
    /// When the next attempt is due, from then.
    pub retry_in: Option<u64>,
}

/// A `desired` event.
#[derive(Debug, Clone)]
pub struct Desired {
    /// When.
    pub at: u64,
    /// `$version`.
    pub version: u64,
    /// What changed.
    pub patch: Object,
}

/// A device, its driver, its application.
#[derive(Debug)]
pub struct Client {
    /// The machine.
    pub device: Device,
    /// Whose link it is.
    pub identity: Identity,
    /// Its key.
    pub key: Key,
    /// How far its wall clock is ahead of the hub's, in milliseconds.
    pub skew: i64,
    /// Open sockets and their wires.
    pub sockets: BTreeMap<SocketId, usize>,
    /// How its host runs timers.
    pub timers: Timers,
    /// Its page is frozen: neither timers nor sockets are served.
    pub frozen: bool,
    /// The deadline that the timer was armed for, and when the host fires it.
    pub timer: Option<(u64, u64)>,
    /// A drain is due at the end of this turn.
    pub flush_queued: bool,
    /// Where tokens come from.
    pub provider: Provider,
    /// How long handlers take, in milliseconds.
    pub handler_time: (u64, u64),
    /// So many handlers of a hundred fail.
    pub handler_fails: u64,
    /// Calls by their number.
    pub calls: Vec<Call>,
    /// Status events.
    pub statuses: Vec<Status>,
    /// Desired events.
    pub desired: Vec<Desired>,
    /// The desired properties as the events tell them.
    pub mirror: Object,
    /// Bodies of C2D messages raised, and when.
    pub messages: Vec<(u64, String)>,
    /// Bodies of C2D messages whose handler went well.
    pub handled: Vec<String>,
    /// Method calls whose handlers run.
    pub answering: BTreeSet<CallId>,
    /// Names of methods called.
    pub methods: Vec<String>,
    /// When sockets were asked for without a link.
    pub opens: Vec<u64>,
    /// When sockets were asked for beside a link.
    pub renewals: Vec<u64>,
    /// When CONNECT left, and the end of its token in seconds since 1970.
    pub connects: Vec<(u64, u64)>,
    /// When frames left, on which wire, and how many packets were in them.
    pub frames: Vec<(u64, usize, usize)>,
    /// When each connection that got a message acknowledged got its first.
    pub worked: Vec<u64>,
    /// Times at which the host said "woken".
    pub wakes: Vec<u64>,
    /// Twin reads that left.
    pub twin_reads: usize,
    /// What is on the wire, as an onlooker sees it.
    pub in_flight: InFlightWatch,
    /// The bounds that its queues were told.
    pub bounds: (usize, usize),
}

impl Client {
    /// A client of `device-1` with a key.
    #[must_use]
    pub fn new(config: Config, seed: u64, at: Clock) -> Self {
        let bounds = (config.options.outbox_messages, config.options.window_messages);
        let identity = config.identity.clone();
        Self {
            provider: Provider::new(config.options.token_life_seconds),
            device: Device::new(config, seed, at),
            identity,
            key: first_key(),
            skew: 0,
            sockets: BTreeMap::new(),
            timers: Timers::Prompt,
            frozen: false,
            timer: None,
            flush_queued: false,
            handler_time: (0, 0),
            handler_fails: 0,
            calls: Vec::new(),
            statuses: Vec::new(),
            desired: Vec::new(),
            mirror: Object::new(),
            messages: Vec::new(),
            handled: Vec::new(),
            answering: BTreeSet::new(),
            twin_reads: 0,
            methods: Vec::new(),
            opens: Vec::new(),
            renewals: Vec::new(),
            worked: Vec::new(),
            connects: Vec::new(),
            frames: Vec::new(),
            wakes: Vec::new(),
            in_flight: InFlightWatch::default(),
            bounds,
        }
    }

    /// Its state, as the application was last told.
    #[must_use]
    pub fn state(&self) -> Option<State> {
        self.statuses.last().map(|status| status.state)
    }

    /// Whether work flows.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.state() == Some(State::Connected)
    }

    /// Calls that have not ended.
    #[must_use]
    pub fn open_calls(&self) -> usize {
        self.calls.iter().filter(|call| call.outcome.is_none()).count()
    }

    /// Sends that ended well.
    #[must_use]
    pub fn sends_done(&self) -> usize {
        self.calls
            .iter()
            .filter(|call| matches!(call.kind, Kind::Send(..)) && matches!(call.outcome, Some((_, Ok(_)))))
            .count()
    }

    /// When the host would fire a timer that is due then.
    #[must_use]
    pub fn fires_at(&self, due: u64, now: u64) -> u64 {
        let due = due.max(now) + 1;
        match self.timers {
            Timers::Prompt => due,
            Timers::OnceAMinute(phase) => {
                let minute = 60_000;
                due + (minute - (due + minute - phase % minute) % minute) % minute
            }
        }
    }
}

/// The key of the hub's first device; public, for development.
pub(crate) fn first_key() -> Key {
    Key::from_base64(FIRST_DEVICE_KEY).expect("the hub's constant is base64: its own test reads it")
}

/// The configuration of `device-1` with its key.
#[must_use]
pub fn key_config() -> Config {
    config_of(Credentials::Key(first_key()))
}

/// The configuration of `device-1` with a token provider, asked for tokens of this life in seconds.
#[must_use]
pub fn provider_config(life: u64) -> Config {
    let mut config = config_of(Credentials::Provider);
    config.options.token_life_seconds = life;
    config
}

fn config_of(credentials: Credentials) -> Config {
    let identity = Identity { device_id: iothub_hub::FIRST_DEVICE.to_owned(), module_id: None };
    let mut config = Config::new("localhost".to_owned(), identity, credentials);
    config.local_port = Some(4280);
    config
}
