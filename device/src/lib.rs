//! A device of Azure IoT Hub as a state machine without I/O.
//!
//! It is handed bytes, calls of the application and the time, and hands back what to do; the same code runs in a
//! page, a worker, a server and a simulation. It reads no clock, draws no randomness of its own and calls nobody.
//!
//! **Contract.** After every call into [`Device`], drain [`Device::poll_output`] until it gives none, then arm one
//! timer for [`Device::poll_timeout`] and call [`Device::handle_timeout`] when it fires. Extra calls are harmless.

mod backoff;
mod c2d;
mod calls;
mod clock;
mod closing;
mod config;
mod deadlines;
mod device;
mod error;
mod io;
mod life;
mod methods;
mod metrics;
mod mqtt;
mod outbox;
mod pump;
mod random;
mod receive;
mod renewal;
mod suspect;
mod telemetry;
mod token;
mod twin;
mod watch;
mod witness;

pub use clock::Clock;
pub use config::{Config, Credentials, DEFAULT_LOCAL_PORT, Options, WhenFull, Will, key_of, number_of};
pub use device::{Device, HostSignal};
pub use error::{Code, Error};
pub use io::{CallId, DeliveryId, Event, OpId, Output, Settlement, SocketId, State, TokenId};
pub use metrics::Metrics;
pub use telemetry::{Message, bag_of};
pub use twin::merge_reported;
