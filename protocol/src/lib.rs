//! The language of Azure IoT Hub over MQTT 3.1.1, spoken by the device and by the hub.
//!
//! Everything here is pure: bytes and text in, values and text out. There is no I/O, no clock and no
//! randomness, so both state machines (`iothub-device`, `iothub-hub`) and every shell can share it.
//!
//! - [`connection_string`], [`identity`], [`sas`]: who speaks, and how it proves it;
//! - [`topic`], [`bag`], [`system_property`]: what a PUBLISH means;
//! - [`packet`]: the one wrapper around the `mqttbytes` codec; [`device_side`]: a device's few packets, in place;
//! - [`twin`], [`limits`], [`service_error`]: the hub's rules;
//! - [`json`], [`percent`], [`secret`], [`time`]: small tools of the above.

pub mod bag;
mod base64_text;
mod client_packet;
pub mod connection_string;
pub mod device_side;
pub mod identity;
pub mod json;
pub mod limits;
pub mod packet;
pub mod percent;
pub mod sas;
pub mod secret;
pub mod service_error;
pub mod system_property;
pub mod time;
pub mod topic;
pub mod twin;
