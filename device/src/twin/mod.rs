//! The twin: reads, reported patches, and a mirror of `desired` that is in step with the hub.

mod mirror;
mod patch;
mod requests;
mod texts;

pub(crate) use mirror::{Change, Mirror};
pub(crate) use patch::parse_patch;
pub(crate) use requests::{Answer, Asked, Requests};
pub use texts::merge_reported;
