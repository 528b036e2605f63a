//! What many runs came to together: whether a simulation that found nothing has looked at anything.

use crate::world::World;
use iothub_device::State;
use std::fmt;

/// Sums over runs.
#[derive(Debug, Default, Clone, Copy)]
pub struct Tally {
    /// Runs.
    pub runs: u64,
    /// Simulated time, in milliseconds.
    pub virtual_ms: u64,
    /// Sockets that devices asked for.
    pub sockets: u64,
    /// Links that the hub let in.
    pub links: u64,
    /// Swaps to a new token.
    pub renewals: u64,
    /// Messages that reached the hub.
    pub messages: u64,
    /// Copies sent after the first.
    pub resends: u64,
    /// Cloud-to-device messages that were acknowledged.
    pub c2d: u64,
    /// Desired events.
    pub desired: u64,
    /// Reported patches that the hub applied.
    pub reported: u64,
    /// Methods that were answered.
    pub methods: u64,
    /// Runs in which a device said that another client has its identity.
    pub taken_over: u64,
    /// Runs that ended with the device stopped for a good reason, or closed by the application.
    pub ended: u64,
}

impl Tally {
    /// Adds a run.
    pub fn add(&mut self, world: &World) {
        let clients = || world.clients.iter();
        let statuses = || clients().flat_map(|client| &client.statuses);
        self.runs += 1;
        self.virtual_ms += world.now;
        self.sockets += world.wires.len() as u64;
        self.links += world.ledger.admitted.len() as u64;
        self.renewals += statuses().filter(|status| status.reason == "token-renewed").count() as u64;
        self.messages += world.ledger.sent.iter().filter(|sent| sent.at_hub > 0).count() as u64;
        self.resends += clients().map(|client| client.in_flight.resends as u64).sum::<u64>();
        self.c2d += world.ledger.queued.values().filter(|queued| queued.completed).count() as u64;
        self.desired += clients().map(|client| client.desired.len() as u64).sum::<u64>();
        self.reported += world.ledger.reported.len() as u64;
        self.methods += world.ledger.answers.iter().filter(|answer| answer.is_ok()).count() as u64;
        self.taken_over += u64::from(statuses().any(|status| status.reason == "taken-over"));
        let end = world.clients.first().and_then(crate::client::Client::state);
        self.ended += u64::from(matches!(end, Some(State::Disconnected | State::Closed)));
    }

    /// Adds the sums of others.
    pub fn merge(&mut self, other: &Self) {
        self.runs += other.runs;
        self.virtual_ms += other.virtual_ms;
        self.sockets += other.sockets;
        self.links += other.links;
        self.renewals += other.renewals;
        self.messages += other.messages;
        self.resends += other.resends;
        self.c2d += other.c2d;
        self.desired += other.desired;
        self.reported += other.reported;
        self.methods += other.methods;
        self.taken_over += other.taken_over;
        self.ended += other.ended;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} days simulated; {} sockets, {} links, {} renewals, {} runs with a take-over; {} messages with {} resends, {} C2D, {} desired events, {} reported patches, {} methods; {} runs ended stopped or closed",
            self.virtual_ms / 86_400_000,
            self.sockets,
            self.links,
            self.renewals,
            self.taken_over,
            self.messages,
            self.resends,
            self.c2d,
            self.desired,
            self.reported,
            self.methods,
            self.ended
        )
    }
}
