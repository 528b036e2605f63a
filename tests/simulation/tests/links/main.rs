//! How a link behaves, row by row of the contract, under virtual time: the device core against the hub core. One
//! behaviour a file; a test's name is the sentence that it holds.
#![expect(clippy::unwrap_used, reason = "a test that meets none stops there, and says where")]

mod back_off;
mod c2d;
mod clock;
mod closing;
mod coalescing;
mod desired;
mod offline;
mod refused;
mod renewal;
mod resend;
mod silent_link;
mod support;
mod taken_over;
mod token_provider;
mod twin_requests;
