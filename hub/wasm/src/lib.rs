//! The hub inside a page: the core of `iothub-hub` behind `wasm-bindgen`. `npm/hub/` puts sockets, timers and
//! promises around it; nothing is decided here.

mod config;
mod host;
mod page_hub;

pub use host::Host;
pub use page_hub::PageHub;
