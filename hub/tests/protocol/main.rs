//! Every row of the protocol sheet that speaks of the hub, as a test of the core under virtual time. The
//! documentation of a test cites its rows; `docs/hub-rows.md` is the table of both.
#![expect(clippy::unwrap_used, reason = "a test that meets none stops there, and says where")]

mod bag;
mod c2d;
mod connack;
mod disagreements;
mod errors;
mod helpers;
mod identity_fields;
mod identity_json;
mod methods;
mod modules;
mod packets;
mod properties;
mod quotas;
mod rest;
mod session;
mod sheet;
mod subscriptions;
#[path = "../behaviour/support.rs"]
#[allow(dead_code, reason = "the tests of behaviour use the rest")]
mod support;
mod telemetry;
mod tidy;
mod token;
mod token_life;
mod topics;
mod twin;
mod twin_document;
mod twin_limits;
mod unknowns;
mod user_name;
