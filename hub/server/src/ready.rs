//! What is printed once the hub listens: one JSON line for programs, a few lines for people. It is the only
//! thing that goes to stdout.

use iothub_hub::Hub;
use iothub_protocol::identity::Identity;
use serde_json::{Value, json};
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

/// Where the hub listens.
#[derive(Debug, Clone)]
pub struct Addresses {
    /// HTTP and WebSocket.
    pub http: SocketAddr,
    /// HTTPS and WSS.
    pub https: Option<SocketAddr>,
    /// MQTT over TLS.
    pub mqtts: Option<SocketAddr>,
    /// What clients have to trust.
    pub ca_file: Option<PathBuf>,
}

/// Devices that the ready line names.
const DEVICES: usize = 10;

/// The ready line.
#[must_use]
pub fn document(hub: &Hub, addresses: &Addresses) -> Value {
    let devices: Vec<Value> = hub
        .device_ids(DEVICES)
        .iter()
        .filter_map(|device_id| {
            let identity = Identity { device_id: device_id.clone(), module_id: None };
            let (client, sdk) = (hub.connection_string(&identity)?, hub.sdk_connection_string(&identity)?);
            Some(json!({
                "deviceId": device_id,
                "connectionString": client.expose(),
                "sdkConnectionString": sdk.expose(),
            }))
        })
        .collect();
    let service = hub.service_connection_string("iothubowner");
    json!({
        "http": format!("http://{}", reachable(addresses.http)),
        "https": addresses.https.map(|address| format!("https://localhost:{}", address.port())),
        "mqtts": addresses.mqtts.map(|address| format!("localhost:{}", address.port())),
        "caFile": addresses.ca_file,
        "serviceConnectionString": service.as_ref().map(|text| text.expose()),
        "devices": devices,
    })
}

/// An address that a program on this machine can open: "every address" is none.
fn reachable(listening: SocketAddr) -> SocketAddr {
    let ip = match listening.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, listening.port())
}

/// Prints it, as JSON or for people.
///
/// # Errors
/// What writing to stdout says; whoever started the hub has gone away then.
pub fn print(document: &Value, as_json: bool) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if as_json {
        writeln!(out, "{document}")?;
    } else {
        writeln!(out, "iothub-local is ready")?;
        for name in ["http", "https", "mqtts", "caFile", "serviceConnectionString"] {
            if let Some(text) = document[name].as_str() {
                writeln!(out, "  {name:<24} {text}")?;
            }
        }
        for device in document["devices"].as_array().into_iter().flatten() {
            writeln!(out, "  {:<24} {}", "device", device["connectionString"].as_str().unwrap_or(""))?;
        }
        writeln!(out, "  The keys are fixed development keys: no secrets, for this machine only.")?;
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_is_shown_as_this_machine() {
        let shown = |text: &str| reachable(text.parse().expect("an address")).to_string();
        assert_eq!(shown("0.0.0.0:4280"), "127.0.0.1:4280");
        assert_eq!(shown("[::]:4280"), "[::1]:4280");
        assert_eq!(shown("192.168.1.7:4280"), "192.168.1.7:4280");
    }
}
