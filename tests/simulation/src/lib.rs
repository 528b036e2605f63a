//! The device core and the hub core, joined by a simulated network in virtual time, from one seed.
//!
//! A [`World`] has one clock and no sleep: a day of outages takes milliseconds, and a failure comes back from its
//! seed. Tests in `tests/` set up one behaviour each; [`run`] plays random schedules with every rule of
//! `invariants.rs` checked; the program `simulate` plays as many as there is time for.

mod calls;
mod client;
mod driver;
mod hub_side;
mod invariants;
mod ledger;
mod net;
mod provider;
mod random;
mod run;
mod schedule;
mod shrink;
mod tally;
mod trace;
mod trouble;
mod watch;
mod world;

pub use client::{Call, Client, Desired, Kind, Status, Timers, key_config, provider_config};
pub use ledger::{Ledger, Queued, Sent};
pub use net::{Answers, Conditions, End, Item, Lane, Wire};
pub use provider::{Manner, Provider};
pub use random::Random;
pub use run::{Failure, run, run_seed, seeds};
pub use schedule::{Doing, Schedule};
pub use shrink::shrunk;
pub use tally::Tally;
pub use trace::Trace;
pub use watch::{InFlightWatch, WireWatch};
pub use world::{START_UNIX_MS, World};
