//! The world of a run: one clock, one agenda, one hub, some devices, the wires between them.
//!
//! Time jumps from one event to the next. At each moment what was on the agenda comes first, in the order it was
//! put there, then the hub's deadlines, then the timers of the devices.

use crate::client::Client;
use crate::ledger::Ledger;
use crate::net::{Conditions, End, Wire};
use crate::random::Random;
use crate::schedule::Doing;
use crate::trace::Trace;
use crate::watch::WireWatch;
use iothub_device::{CallId, Clock, Config, DeliveryId, TokenId};
use iothub_hub::{Hub, HubConfig, Now};
use iothub_protocol::secret::Secret;
use std::collections::BTreeMap;

/// 2027-01-01T00:00:00Z in milliseconds.
pub const START_UNIX_MS: u64 = 1_798_761_600_000;
/// So many events at one moment mean that somebody spins.
const SPIN: u32 = 200_000;

/// Something that is due.
#[derive(Debug)]
pub(crate) enum Action {
    /// What travels on a wire may have arrived at this end.
    Arrive(usize, End),
    /// A socket opens, at both ends.
    Open(usize),
    /// A socket could not be opened.
    Refuse(usize),
    /// A client's turn ends: it is drained.
    Flush(usize),
    /// The application's token is there.
    Token(usize, TokenId, Result<Secret, String>),
    /// A handler of a C2D message is done.
    Handled(usize, DeliveryId, bool),
    /// A handler of a method has its answer.
    Answer(usize, CallId),
    /// Answers that the hub was slow with leave.
    Late(usize, Vec<u8>),
    /// A frozen page thaws.
    Thaw(usize),
    /// Somebody does something, as the schedule says.
    Do(Doing),
}

/// The world.
#[derive(Debug)]
pub struct World {
    /// Monotonic milliseconds.
    pub now: u64,
    /// All chance.
    pub random: Random,
    /// The hub.
    pub hub: Hub,
    /// The devices.
    pub clients: Vec<Client>,
    /// Every wire there was; its index is the hub's link id.
    pub wires: Vec<Wire>,
    pub(crate) watches: Vec<WireWatch>,
    /// How the network behaves.
    pub conditions: Conditions,
    /// The books.
    pub ledger: Ledger,
    /// What happened, in words.
    pub trace: Trace,
    agenda: BTreeMap<(u64, u64), Action>,
    next_action: u64,
    pub(crate) cursor: u64,
    at_this_moment: u32,
    /// Numbers for reported patches, desired patches and C2D messages.
    pub(crate) counter: u64,
}

impl World {
    /// A world with the hub of every developer and nobody connected.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self::with(HubConfig::default(), seed)
    }

    /// A world with a hub of this configuration.
    #[must_use]
    pub fn with(config: HubConfig, seed: u64) -> Self {
        let now = 10_000;
        Self {
            now,
            random: Random::new(seed),
            hub: Hub::new(config, seed, Now::new(now, START_UNIX_MS + now)),
            clients: Vec::new(),
            wires: Vec::new(),
            watches: Vec::new(),
            conditions: Conditions::default(),
            ledger: Ledger::default(),
            trace: Trace::default(),
            agenda: BTreeMap::new(),
            next_action: 0,
            cursor: 0,
            at_this_moment: 0,
            counter: 0,
        }
    }

    /// Adds a device; gives its index.
    pub fn add_client(&mut self, config: Config) -> usize {
        let at = Clock { now: self.now, unix_ms: START_UNIX_MS + self.now };
        let seed = self.random.draw();
        self.clients.push(Client::new(config, seed, at));
        self.clients.len() - 1
    }

    /// The hub's time.
    #[must_use]
    pub fn hub_now(&self) -> Now {
        Now::new(self.now, START_UNIX_MS + self.now)
    }

    /// A client's time.
    #[must_use]
    pub fn clock(&self, client: usize) -> Clock {
        let unix_ms = (START_UNIX_MS + self.now).saturating_add_signed(self.clients[client].skew);
        Clock { now: self.now, unix_ms }
    }

    pub(crate) fn at(&mut self, when: u64, action: Action) {
        self.next_action += 1;
        self.agenda.insert((when.max(self.now), self.next_action), action);
    }

    /// Puts what a schedule says on the agenda.
    pub fn plan(&mut self, when: u64, doing: Doing) {
        self.at(when, Action::Do(doing));
    }

    /// When the next thing happens.
    #[must_use]
    pub fn next_event(&self) -> Option<u64> {
        let agenda = self.agenda.keys().next().map(|(at, _)| *at);
        let timers = self.clients.iter().filter(|c| !c.frozen).filter_map(|c| c.timer.map(|(_, at)| at));
        agenda.into_iter().chain(self.hub.poll_timeout()).chain(timers).min()
    }

    /// Runs what is due next, if it is due by then. False when nothing is; the clock then stands at `until`.
    pub fn step(&mut self, until: u64) -> bool {
        let next = self.next_event().map(|at| at.max(self.now)).filter(|at| *at <= until);
        let Some(next) = next else {
            self.now = until.max(self.now);
            return false;
        };
        self.at_this_moment = if next == self.now { self.at_this_moment + 1 } else { 0 };
        if self.at_this_moment > SPIN {
            self.ledger.violated("somebody spins: time stands still");
            self.now = until.max(self.now);
            return false;
        }
        self.now = next;
        let due = self.agenda.first_key_value().is_some_and(|((at, _), _)| *at <= next);
        if let Some((_, action)) = due.then(|| self.agenda.pop_first()).flatten() {
            self.act(action);
        } else if self.hub.poll_timeout().is_some_and(|at| at <= next) {
            self.hub.handle_timeout(self.hub_now());
            self.drain_hub();
        } else {
            self.fire_timer(next);
        }
        true
    }

    fn fire_timer(&mut self, now: u64) {
        let due =
            self.clients.iter().position(|c| !c.frozen && c.timer.is_some_and(|(_, fires)| fires <= now));
        if let Some(client) = due {
            self.clients[client].timer = None;
            self.told(client, |device, at| device.handle_timeout(at));
        }
    }

    /// Lets time pass until that moment, or until a rule is broken.
    pub fn run_to(&mut self, until: u64) {
        while self.ledger.violation.is_none() && self.step(until) {}
    }

    /// Lets so much time pass, in milliseconds.
    pub fn run(&mut self, ms: u64) {
        self.run_to(self.now + ms);
    }

    /// Lets time pass until `done`, at most so many milliseconds; true when it came to that.
    pub fn run_until(&mut self, at_most: u64, mut done: impl FnMut(&Self) -> bool) -> bool {
        let until = self.now + at_most;
        loop {
            if done(self) {
                return true;
            }
            if self.ledger.violation.is_some() || !self.step(until) {
                return done(self);
            }
        }
    }

    /// The client whose code an action runs; nothing of a frozen page runs.
    fn runs_in(action: &Action) -> Option<usize> {
        match action {
            Action::Flush(client)
            | Action::Token(client, ..)
            | Action::Handled(client, ..)
            | Action::Answer(client, _) => Some(*client),
            _ => None,
        }
    }

    fn act(&mut self, action: Action) {
        if Self::runs_in(&action).is_some_and(|client| self.clients[client].frozen) {
            return self.at(self.now + 1_000, action);
        }
        match action {
            Action::Arrive(wire, End::Hub) => self.arrive_at_hub(wire),
            Action::Arrive(wire, End::Device) => self.arrive_at_device(wire),
            Action::Open(wire) => self.open_wire(wire),
            Action::Refuse(wire) => self.refuse_wire(wire),
            Action::Flush(client) => self.flush(client),
            Action::Token(client, request, token) => {
                self.told(client, |device, at| device.token_arrived(request, token, at));
            }
            Action::Handled(client, delivery, well) => self.handler_done(client, delivery, well),
            Action::Answer(client, call) => {
                self.clients[client].answering.remove(&call);
                self.told(client, |device, at| {
                    // `{}` is well below 128 KB.
                    let _ = device.answer_method(call, 200, b"{}", at);
                });
            }
            Action::Late(wire, bytes) => self.hub_sends(wire, &bytes),
            Action::Thaw(client) => self.thaw(client),
            Action::Do(doing) => self.carry_out_step(&doing),
        }
    }

    /// Stops the test with the trace when a rule was broken.
    ///
    /// # Panics
    /// When a rule was broken.
    pub fn assert_sound(&self) {
        if let Some(violation) = &self.ledger.violation {
            panic!("{violation}\n{}", self.trace.text());
        }
    }
}
