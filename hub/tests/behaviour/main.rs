//! What the hub does, under virtual time: one file for each chapter of the wire's rules. A test cites the row
//! of PROTOCOL that it holds the hub to.
#![expect(clippy::unwrap_used, reason = "a test that meets none stops there, and says where")]

mod c2d;
mod connect;
mod faults;
mod keeping;
mod kept_file;
mod lifetime;
mod methods;
mod modules;
mod mqtt_rules;
mod queries;
mod quotas;
mod rest;
mod strict;
mod support;
mod twins;
mod wire;
