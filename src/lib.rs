//! The JavaScript face of the device: clock, options and errors around `iothub-device`.
//!
//! It decides nothing. `npm/client.js` gives what wasm-bindgen can not (`extends EventTarget`, promises), and what
//! takes functions of its own: sockets, the timer, the page's events. This crate owns the device.
#![cfg(target_arch = "wasm32")]

mod clock;
mod driver;
mod errors;
mod host;
mod inspect;
mod options;
mod panic;
mod staged;
mod stored;

/// The standard allocator's code is several times larger, and a download is what a page waits for.
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

pub use driver::Driver;
pub use host::Host;
pub use inspect::parse_connection_string;
pub use stored::merge_stored;
