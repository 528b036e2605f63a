//! The traps of the wire that other clients fell into, one test each, named after its number in `docs/traps.md`.
//! A device is driven by hand here, packet by packet: what the hub says is written out, what leaves is looked at.
#![expect(clippy::unwrap_used, reason = "a test that meets none stops there, and says where")]

mod bench;
mod connect;
mod hub_says_no;
mod life;
mod messages;
mod methods;
mod renewal;
mod topics;
mod twin;
