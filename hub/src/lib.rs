//! An Azure IoT Hub without I/O: identities, sessions, cloud-to-device queues, twins, methods.
//!
//! [`Hub`] is a state machine. The shell hands in what happens ([`Hub::handle_opened`], [`Hub::handle_bytes`],
//! [`Hub::handle_closed`], [`Hub::handle_timeout`], requests), each with the time, then drains
//! [`Hub::poll_output`] and sets one timer to [`Hub::poll_timeout`]. It never opens a socket, reads a clock or
//! makes a random number: seed and time come in. So the same hub runs as a process, in a page, and in tests
//! where a day takes a millisecond.
#![cfg_attr(
    not(feature = "service"),
    expect(dead_code, reason = "feedback, quotas and body forms that only the service REST asks for")
)]

mod auth;
#[cfg(feature = "service")]
mod authorize;
#[cfg(feature = "service")]
mod bulk;
mod c2d;
mod call;
mod changes;
mod clock;
mod config;
mod connect;
mod dispatch;
mod end;
mod event;
mod event_log;
mod fault;
mod feedback;
mod fields;
mod hub;
mod identities;
mod identity_document;
mod import;
mod keep;
mod link;
mod outgoing;
mod packet_log;
mod publish;
#[cfg(feature = "service")]
mod query;
mod queue;
mod reason;
mod record;
mod registry;
mod reset;
mod rest;
mod rng;
mod session;
mod strangers;
mod timers;
mod traffic;
mod twin_device;
mod twin_record;
mod twin_service;

pub use c2d::C2dMessage;
pub use call::{CallId, MethodCall};
pub use changes::Change;
pub use clock::{Now, WallClock};
pub use config::{
    DEVICE_POLICY_KEY, FIRST_DEVICE, FIRST_DEVICE_KEY, HubConfig, OWNER_KEY, Policy, REGISTRY_READ_KEY,
    REGISTRY_WRITE_KEY, Right, SERVICE_KEY, Switches, Tier,
};
pub use event::{ConnectionState, Event, Happening, JsonText, Sender, Telemetry};
pub use event_log::EventBatch;
pub use fault::{Fault, FaultKind};
pub use hub::{Hub, MethodAnswer, Output};
pub use identities::IfMatch;
pub use link::{LinkId, Opened, PeerCertificate, Transport};
pub use queue::Ack;
pub use reason::{Cause, Reason};
pub use rest::{BodyFault, EventFilter, EventReader, Reply, Request, Response};
