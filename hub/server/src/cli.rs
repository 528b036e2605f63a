//! The command line. What is not listed here is refused, never ignored.

use clap::{Parser, Subcommand, ValueEnum};
use iothub_hub::Switches;
use iothub_protocol::connection_string::{ConnectionStringError, check_host};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;

/// A local Azure IoT Hub: no account, no Docker, never expires, loopback only unless told otherwise.
#[derive(Debug, Clone, Parser)]
#[command(name = "iothub-local", version, about)]
pub struct Cli {
    /// Address to listen on.
    #[arg(long, default_value = "127.0.0.1")]
    pub host: IpAddr,
    /// Another name of this hub; may be given several times. The first one stands in all that is printed. All are
    /// in the certificate, and taken in tokens and user names.
    #[arg(long = "host-name", value_name = "NAME", value_parser = host_name)]
    pub host_names: Vec<String>,
    /// Port of HTTP and WebSocket: devices, REST, /local, dashboard. 0 picks a free one.
    /// 4280 when absent; a free one for `exec`.
    #[arg(long)]
    pub port: Option<u16>,
    /// Also listen with TLS: HTTPS and WSS, and MQTT, for the official SDKs.
    #[arg(long)]
    pub tls: bool,
    /// Port of HTTPS and WSS. 0 picks a free one.
    #[arg(long, default_value_t = 443, requires = "tls")]
    pub https_port: u16,
    /// Port of MQTT over TLS. 0 picks a free one.
    #[arg(long, default_value_t = 8883, requires = "tls")]
    pub mqtts_port: u16,
    /// Where the certificate authority is kept; made on first use.
    #[arg(long, requires = "tls", value_name = "DIR")]
    pub cert_dir: Option<PathBuf>,
    /// Authorities whose client certificates prove devices of type certificateAuthority, PEM.
    #[arg(long, requires = "tls", value_name = "FILE")]
    pub client_ca: Option<PathBuf>,
    /// Identities to begin with: a seed or an export, JSON. Those that are there already stay as they are.
    #[arg(long, value_name = "FILE")]
    pub seed: Option<PathBuf>,
    /// Keep everything in this SQLite file; in memory when absent.
    #[arg(long, value_name = "FILE")]
    pub data: Option<PathBuf>,
    /// Seconds after a token's end during which CONNECT is still accepted.
    #[arg(long, default_value_t = 300, value_name = "SECONDS")]
    pub sas_skew: u64,
    /// Seconds after a token's end until its live link is closed.
    #[arg(long, default_value_t = 600, value_name = "SECONDS")]
    pub sas_grace: u64,
    /// Tell instead of closing: bad filters get SUBACK 0x80, unknown topics are ignored.
    #[arg(long)]
    pub lenient: bool,
    /// Quotas and throttling of a tier; none when absent.
    #[arg(long, value_enum, ignore_case = true)]
    pub tier: Option<TierName>,
    /// Answer service REST calls of pages from any origin (CORS). /local answers pages of this machine always.
    #[arg(long)]
    pub cors: bool,
    /// Behaviour on which sources disagree or that changed over the years; docs/hub.md explains each.
    #[arg(long = "switch", value_enum, value_name = "NAME")]
    pub switches: Vec<SwitchName>,
    /// Form of the log on stderr; RUST_LOG-like level in IOTHUB_LOCAL_LOG.
    #[arg(long, value_enum, default_value_t = LogForm::Text)]
    pub log: LogForm,
    /// Print one JSON line when ready.
    #[arg(long)]
    pub json: bool,
    /// Folder of the dashboard's built files.
    #[arg(long, value_name = "DIR", env = "IOTHUB_LOCAL_WWW", default_value = "www/dist")]
    pub www: PathBuf,
    /// What to do besides listening.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What the hub does besides listening.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Run a command against a hub of its own: sets `IOTHUB_…` variables, ends with the command's code.
    Exec {
        /// The command and its arguments, after `--`.
        #[arg(required = true, trailing_var_arg = true)]
        command: Vec<String>,
    },
}

/// A tier by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TierName {
    /// Free.
    F1,
    /// One unit of standard.
    S1,
}

/// A switch by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SwitchName {
    /// Refuse devices whose user name has no api-version.
    RequireApiVersion,
    /// Stamp x-opt-retain instead of mqtt-retain.
    OldRetainName,
    /// Count every redelivery of a C2D message.
    CountRedeliveries,
    /// Clean session 1 discards waiting C2D messages.
    PurgeOnCleanSession,
    /// Refuse arrays in twins.
    RefuseTwinArrays,
    /// Twin limits before 2020: 8 KB a section, five objects deep.
    OldTwinLimits,
    /// Twin answers of 2016 to 2019: 204 to a read, 200 to a reported patch.
    OldTwinStatuses,
    /// The answer to a twin read inside "properties".
    WrappedTwin,
    /// A ? before the bag of a C2D topic.
    QuestionMarkBag,
    /// deviceBound in the $.to of a C2D message.
    CamelCaseTo,
    /// Store what comes to an unknown topic as telemetry.
    StoreUnmatched,
    /// Answer CONNACK 5, not 3, to a disabled device.
    DisabledIsRefused,
}

/// A name or an address, as connection strings have it.
fn host_name(text: &str) -> Result<String, String> {
    if let Ok(address) = text.trim_matches(['[', ']']).parse::<Ipv6Addr>() {
        return Ok(format!("[{address}]"));
    }
    match check_host(text, false) {
        Err(ConnectionStringError::HostName { .. }) => Err(
            "a name has letters, digits, dots and hyphens, such as hub.localhost: no scheme, no port, no path"
                .to_owned(),
        ),
        // A name without a dot is a name here.
        _ => Ok(text.to_ascii_lowercase()),
    }
}

/// An address as connection strings have it.
#[must_use]
pub fn shown(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

impl Cli {
    /// Whether programs on this machine reach the hub by `localhost`.
    #[must_use]
    pub fn is_at_localhost(&self) -> bool {
        self.host == IpAddr::V4(Ipv4Addr::LOCALHOST) || self.host.is_unspecified()
    }

    /// The port to ask for.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(if self.command.is_some() { 0 } else { 4280 })
    }

    /// The core's switches.
    #[must_use]
    pub fn switches(&self) -> Switches {
        let on = |name| self.switches.contains(&name);
        Switches {
            lenient: self.lenient,
            require_api_version: on(SwitchName::RequireApiVersion),
            old_retain_name: on(SwitchName::OldRetainName),
            count_redeliveries: on(SwitchName::CountRedeliveries),
            purge_on_clean_session: on(SwitchName::PurgeOnCleanSession),
            refuse_twin_arrays: on(SwitchName::RefuseTwinArrays),
            old_twin_limits: on(SwitchName::OldTwinLimits),
            old_twin_statuses: on(SwitchName::OldTwinStatuses),
            wrapped_twin: on(SwitchName::WrappedTwin),
            question_mark_bag: on(SwitchName::QuestionMarkBag),
            camel_case_to: on(SwitchName::CamelCaseTo),
            store_unmatched: on(SwitchName::StoreUnmatched),
            disabled_is_refused: on(SwitchName::DisabledIsRefused),
            cors_rest: self.cors,
        }
    }
}

/// Form of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogForm {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_the_documented_ones() {
        let cli = Cli::parse_from(["iothub-local"]);
        assert_eq!((cli.port(), cli.https_port, cli.mqtts_port), (4280, 443, 8883));
        assert_eq!((cli.sas_skew, cli.sas_grace), (300, 600));
        assert!(cli.host.is_loopback());
    }

    #[test]
    fn tls_ports_without_tls_are_refused_not_ignored() {
        assert!(Cli::try_parse_from(["iothub-local", "--https-port", "0"]).is_err());
        assert!(Cli::try_parse_from(["iothub-local", "--no-such-option"]).is_err());
    }

    #[test]
    fn a_host_name_is_a_name_or_an_address() {
        let names = |args: &[&str]| {
            let args = ["iothub-local"].iter().chain(args).copied();
            Cli::try_parse_from(args).map(|cli| cli.host_names).map_err(|error| error.to_string())
        };
        let given = ["--host-name", "Hub.LocalHost", "--host-name", "iothub", "--host-name", "::1"];
        assert_eq!(names(&given).unwrap(), ["hub.localhost", "iothub", "[::1]"]);
        for bad in ["", "https://hub", "hub:8883", "a/b", "*.localhost", "a b"] {
            let told = names(&["--host-name", bad]).unwrap_err();
            assert!(told.contains("no port"), "{bad}: {told}");
        }
    }
}
