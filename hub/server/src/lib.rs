//! The local hub as a process: sockets, TLS, HTTP, log and command line around the core in `iothub-hub`.
//! Nothing is decided here; `main.rs` and the tests call it.

pub mod authority;
pub mod cli;
pub mod client_certificate;
pub mod clock;
pub mod device_link;
pub mod door;
pub mod events;
pub mod exec;
pub mod http;
pub mod listen;
pub mod log;
pub mod outbox;
pub mod patient;
pub mod ready;
pub mod run;
pub mod shared;
pub mod stop;
pub mod store;
pub mod tls;
pub mod writer;
pub mod www;
