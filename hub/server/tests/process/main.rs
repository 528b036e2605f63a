//! The hub as a process: real sockets, real files, real signals. Every hub listens on free ports and is ended by
//! its own handle.
#![expect(clippy::unwrap_used, reason = "a test that meets none stops there, and says where")]

mod command_line;
mod deadlines;
mod docs;
mod events;
mod exec;
mod garbage;
mod http;
mod keeping;
mod openapi;
mod sockets;
mod stopping;
mod support;
mod tls;
