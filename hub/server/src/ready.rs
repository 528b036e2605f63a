//! What is printed once the hub listens: one JSON line for programs, a few lines for people. It is the only
//! thing that goes to stdout.

use crate::cli::{Cli, shown};
use iothub_hub::Hub;
use iothub_protocol::identity::Identity;
use iothub_protocol::secret::Secret;
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

/// The names in what is printed.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// In addresses; none when the address itself is shown.
    pub given: Option<String>,
    /// With a dot, for SDKs that take no other.
    pub dotted: Option<String>,
}

impl Names {
    /// As the command line has them.
    #[must_use]
    pub fn of(cli: &Cli) -> Self {
        let address = match reachable(SocketAddr::new(cli.host, 0)).ip() {
            // Every address of IPv6 is every address of IPv4, too.
            IpAddr::V6(_) if cli.host.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            address => address,
        };
        let mut names = cli.host_names.iter().cloned().chain([shown(address)]);
        Self { given: cli.host_names.first().cloned(), dotted: names.find(|name| name.contains('.')) }
    }
}

/// The ready line.
#[must_use]
pub fn document(hub: &Hub, addresses: &Addresses, names: &Names) -> Value {
    let text = |secret: Option<Secret>| secret.map(|text| text.expose().to_owned());
    let dotted = names.dotted.as_deref();
    let devices: Vec<Value> = hub
        .device_ids(DEVICES)
        .iter()
        .filter_map(|device_id| {
            let identity = Identity { device_id: device_id.clone(), module_id: None };
            Some(json!({
                "deviceId": device_id,
                "connectionString": text(Some(hub.connection_string(&identity)?)),
                "sdkConnectionString": text(hub.sdk_connection_string(&identity)),
                "dottedSdkConnectionString":
                    dotted.and_then(|host| text(hub.connection_string_at(host, &identity))),
            }))
        })
        .collect();
    let http = match &names.given {
        Some(name) => format!("http://{name}:{}", addresses.http.port()),
        None => format!("http://{}", reachable(addresses.http)),
    };
    let host = hub.config().host_name();
    let owner = "iothubowner";
    json!({
        "dashboard": format!("{http}/"),
        "http": http,
        "https": addresses.https.map(|address| format!("https://{host}:{}", address.port())),
        "mqtts": addresses.mqtts.map(|address| format!("{host}:{}", address.port())),
        "caFile": addresses.ca_file,
        "serviceConnectionString": text(hub.service_connection_string(owner)),
        "dottedServiceConnectionString":
            dotted.and_then(|host| text(hub.service_connection_string_at(host, owner))),
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
        for name in ["dashboard", "http", "https", "mqtts", "caFile", "serviceConnectionString"] {
            if let Some(text) = document[name].as_str() {
                writeln!(out, "  {name:<24} {text}")?;
            }
        }
        let devices = document["devices"].as_array().map_or(&[][..], Vec::as_slice);
        for device in devices {
            writeln!(out, "  {:<24} {}", "device", device["connectionString"].as_str().unwrap_or(""))?;
        }
        if let (Some(first), true) = (devices.first(), document["https"].is_string()) {
            for (name, what) in [
                ("sdkConnectionString", "device, official SDKs"),
                ("dottedSdkConnectionString", "device, C and Java SDKs"),
            ] {
                if let Some(text) = first[name].as_str() {
                    writeln!(out, "  {what:<24} {text}")?;
                }
            }
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
