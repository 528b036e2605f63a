//! The targets, one a file; each has one `run`.

pub(crate) mod bags;
pub(crate) mod connection_strings;
pub(crate) mod device;
mod device_bench;
pub(crate) mod hub;
mod hub_bench;
pub(crate) mod names;
pub(crate) mod packets;
pub(crate) mod queries;
pub(crate) mod rest;
pub(crate) mod sas;
pub(crate) mod twin_patches;
