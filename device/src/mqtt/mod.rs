//! One MQTT 3.1.1 link and what outlives it: packet ids, the in-flight window, keep-alive, subscriptions.
//!
//! Called by the device only. It knows packets and time, and nothing of twins, methods or back-off.

mod in_flight;
mod keep_alive;
mod link;
mod subscriptions;

pub(crate) use in_flight::{GUILTY, InFlight, SOON, SUSPECT};
pub(crate) use keep_alive::{KeepAlive, Verdict};
pub(crate) use link::Link;
pub(crate) use subscriptions::{Subscriptions, Topic};
