//! Every row of the protocol sheet that speaks of the hub, as a test of the core under virtual time. The
//! documentation of a test cites its rows; `docs/hub-rows.md` is the table of both.
#![expect(clippy::unwrap_used, reason = "a test that meets none stops there, and says where")]

mod connack;
mod helpers;
mod identity_fields;
mod packets;
mod session;
mod subscriptions;
#[path = "../behaviour/support.rs"]
#[allow(dead_code, reason = "the tests of behaviour use the rest")]
mod support;
mod token;
mod token_life;
mod user_name;
