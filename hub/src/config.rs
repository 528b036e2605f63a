//! What a hub is told at birth: its names, policies, tolerances and switches. The defaults are the hub that
//! everyone pastes connection strings of: `localhost`, `iothubowner`, `device-1`, with fixed keys that are no
//! secrets.

use iothub_protocol::connection_string::is_loopback;
use iothub_protocol::limits;
use iothub_protocol::sas::{Key, Token};
use iothub_protocol::twin::Rules;

/// The primary key of the policy `iothubowner`; fixed and documented, no secret.
pub const OWNER_KEY: &str = "aW90aHViLWxvY2FsIG93bmVyOiBubyBzZWNyZXQgOi0=";
/// The primary key of the policy `service`.
pub const SERVICE_KEY: &str = "aW90aHViLWxvY2FsIHNlcnZpY2UgcG9saWN5IGtleS0=";
/// The primary key of the policy `device`.
pub const DEVICE_POLICY_KEY: &str = "aW90aHViLWxvY2FsIGRldmljZSBwb2xpY3kga2V5LS0=";
/// The primary key of the policy `registryRead`.
pub const REGISTRY_READ_KEY: &str = "aW90aHViLWxvY2FsIHJlZ2lzdHJ5LXJlYWQga2V5LS0=";
/// The primary key of the policy `registryReadWrite`.
pub const REGISTRY_WRITE_KEY: &str = "aW90aHViLWxvY2FsIHJlZ2lzdHJ5LXdyaXRlIGtleS0=";
/// The id of the device that is there from the start.
pub const FIRST_DEVICE: &str = "device-1";
/// Its primary key.
pub const FIRST_DEVICE_KEY: &str = "aW90aHViLWxvY2FsIGRldmljZS0xOiBubyBzZWNyZXQ=";

/// What a shared access policy may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// Read identities.
    RegistryRead,
    /// Write identities.
    RegistryWrite,
    /// Twins, methods, messages to devices.
    ServiceConnect,
    /// Connect as a device.
    DeviceConnect,
}

impl Right {
    /// The name in Microsoft's documentation.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::RegistryRead => "RegistryRead",
            Self::RegistryWrite => "RegistryWrite",
            Self::ServiceConnect => "ServiceConnect",
            Self::DeviceConnect => "DeviceConnect",
        }
    }
}

/// A shared access policy.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Its name, as `skn` has it.
    pub name: String,
    /// Its primary key.
    pub key: Key,
    /// What it may do.
    pub rights: Vec<Right>,
}

/// Behaviour on which the sources disagree, or that changed over the years. All off is today's hub.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Switches {
    /// Tell instead of closing: bad filters get SUBACK 0x80, unknown topics are ignored.
    pub lenient: bool,
    /// Refuse devices whose user name has no `api-version` (modules always need it).
    pub require_api_version: bool,
    /// Stamp `x-opt-retain` (2016 to 2019) instead of `mqtt-retain`.
    pub old_retain_name: bool,
    /// Count every redelivery of a C2D message, as the older documentation says.
    pub count_redeliveries: bool,
    /// Clean session 1 discards waiting C2D messages.
    pub purge_on_clean_session: bool,
    /// Refuse arrays in twins, as the hub did before 2020.
    pub refuse_twin_arrays: bool,
    /// Twin limits before 2020: 8 KB a section, five objects deep.
    pub old_twin_limits: bool,
    /// Twin answers as the pages of 2016 to 2019 have them: 204 to a read, 200 to a reported patch.
    pub old_twin_statuses: bool,
    /// The answer to a twin read inside `properties`, as the page of 2017 has it.
    pub wrapped_twin: bool,
    /// A `?` before the bag of a C2D topic, as an example of the documentation has it.
    pub question_mark_bag: bool,
    /// `deviceBound` in `$.to`, as the SDKs of some senders write it.
    pub camel_case_to: bool,
    /// Store what comes to an unknown topic as telemetry with `$PG.Unmatched`, as the hub did in 2016.
    pub store_unmatched: bool,
    /// Answer CONNACK 5, not 3, to a disabled device.
    pub disabled_is_refused: bool,
    /// CORS on the service REST for every origin.
    pub cors_rest: bool,
}

impl Switches {
    /// What a twin may hold.
    #[must_use]
    pub fn twin_rules(self) -> Rules {
        let (depth, section_bytes) = match self.old_twin_limits {
            true => (5, limits::TWIN_TAGS_BYTES),
            false => (Rules::TODAY.depth, Rules::TODAY.section_bytes),
        };
        Rules { arrays: !self.refuse_twin_arrays, depth, section_bytes }
    }
}

/// How much a hub takes, PROTOCOL 14.4. Off unless asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    /// Free: 8 000 messages of 0.5 KB a day.
    F1,
    /// One unit S1: 400 000 messages of 4 KB a day.
    S1,
}

/// Everything a hub is told at birth.
#[derive(Debug, Clone)]
pub struct HubConfig {
    /// Names the hub answers to, without case. The first one is *the* host name.
    pub host_names: Vec<String>,
    /// The HTTP port of the process, once it listens; none in a page. Connection strings for this project's client
    /// carry it.
    pub local_port: Option<u16>,
    /// Hosts that `/local` trusts besides the loopback names; when the hub listens elsewhere.
    pub trusted_hosts: Vec<String>,
    /// Shared access policies.
    pub policies: Vec<Policy>,
    /// The device that is there from the start.
    pub first_device: Option<(String, Key)>,
    /// How long after `se` a CONNECT is still accepted, in milliseconds.
    pub sas_skew_ms: u64,
    /// How long after `se` a live link is kept, in milliseconds.
    pub sas_grace_ms: u64,
    /// Switches.
    pub switches: Switches,
    /// Quotas.
    pub tier: Option<Tier>,
    /// How many times a C2D message is delivered before it is a dead letter.
    pub max_delivery_count: u32,
    /// How long a C2D message without expiry lives, in milliseconds.
    pub default_ttl_ms: u64,
    /// Events kept for `Last-Event-ID`.
    pub events_kept: usize,
    /// Bytes of bodies kept with them.
    pub event_bytes_kept: usize,
    /// Bytes waiting for a slow reader before its link is closed.
    pub max_unsent_bytes: usize,
}

impl Default for HubConfig {
    fn default() -> Self {
        Self {
            host_names: ["localhost", "127.0.0.1", "[::1]"].map(str::to_owned).to_vec(),
            local_port: None,
            trusted_hosts: Vec::new(),
            policies: default_policies(),
            first_device: key(FIRST_DEVICE_KEY).map(|key| (FIRST_DEVICE.to_owned(), key)),
            sas_skew_ms: limits::CLOCK_SKEW_SECONDS * 1000,
            sas_grace_ms: 600_000,
            switches: Switches::default(),
            tier: None,
            max_delivery_count: 10,
            default_ttl_ms: 3_600_000,
            events_kept: 4096,
            event_bytes_kept: 8 * 1024 * 1024,
            max_unsent_bytes: 8 * 1024 * 1024,
        }
    }
}

impl HubConfig {
    /// The name that connection strings carry.
    #[must_use]
    pub fn host_name(&self) -> &str {
        self.host_names.first().map_or("localhost", String::as_str)
    }

    /// The name for a client that dials this machine without TLS; it takes no other.
    #[must_use]
    pub fn loopback_name(&self) -> &str {
        self.host_names.iter().find(|name| is_loopback(name)).map_or("localhost", String::as_str)
    }

    /// Whether a host in a user name or token is this hub. One that answers to a name of this machine answers to
    /// all of them: `hub.localhost` is one.
    #[must_use]
    pub fn is_host(&self, host: &str) -> bool {
        let known = |name: &String| name.eq_ignore_ascii_case(host);
        self.host_names.iter().any(known)
            || is_loopback(host) && self.host_names.iter().any(|name| is_loopback(name))
    }

    /// The host that a token was made for, if it is this hub.
    #[must_use]
    pub fn audience_host(&self, token: &Token) -> Option<String> {
        let audience = token.audience();
        let host = audience.split('/').next().unwrap_or("");
        self.is_host(host).then(|| host.to_owned())
    }

    /// The policy of that name.
    #[must_use]
    pub fn policy(&self, name: &str) -> Option<&Policy> {
        self.policies.iter().find(|policy| policy.name == name)
    }
}

fn key(text: &str) -> Option<Key> {
    // The constants of this file are base64: a test reads them all.
    Key::from_base64(text).ok()
}

fn default_policies() -> Vec<Policy> {
    use Right::{DeviceConnect, RegistryRead, RegistryWrite, ServiceConnect};
    let rows: [(&str, &str, &[Right]); 5] = [
        ("iothubowner", OWNER_KEY, &[RegistryRead, RegistryWrite, ServiceConnect, DeviceConnect]),
        ("service", SERVICE_KEY, &[ServiceConnect]),
        ("device", DEVICE_POLICY_KEY, &[DeviceConnect]),
        ("registryRead", REGISTRY_READ_KEY, &[RegistryRead]),
        ("registryReadWrite", REGISTRY_WRITE_KEY, &[RegistryRead, RegistryWrite]),
    ];
    rows.iter()
        .filter_map(|(name, text, rights)| {
            Some(Policy { name: (*name).to_owned(), key: key(text)?, rights: rights.to_vec() })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn the_documented_keys_are_keys_of_32_bytes() {
        let config = HubConfig::default();
        assert_eq!(config.policies.len(), 5);
        assert!(config.policies.iter().all(|policy| policy.key.byte_len() == 32));
        assert_eq!(config.first_device.unwrap().1.byte_len(), 32);
    }

    #[test]
    fn host_names_have_no_case() {
        assert!(HubConfig::default().is_host("LocalHost"));
        assert!(!HubConfig::default().is_host("localhost.example.com"));
    }

    #[test]
    fn every_name_of_this_machine_is_a_host_name_unless_the_hub_is_elsewhere() {
        for name in ["hub.localhost", "My.Hub.localhost", "127.0.0.2"] {
            assert!(HubConfig::default().is_host(name), "{name}");
        }
        let elsewhere =
            HubConfig { host_names: vec!["h.azure-devices.net".to_owned()], ..HubConfig::default() };
        assert!(!elsewhere.is_host("localhost") && !elsewhere.is_host("hub.localhost"));
    }
}
