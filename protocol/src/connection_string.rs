//! Connection strings, as the portal and every SDK write them; read by the device and by the hub's command line.
//!
//! `HostName=…;DeviceId=…;[ModuleId=…;]SharedAccessKey=…[;GatewayHostName=…]`, or with a ready
//! `SharedAccessSignature=…`. The text is split on `;`, then each part on its *first* `=` (keys end in `=`).
//! `UseLocalHub=true;Port=…` are ours: plain `ws://` to a loopback address, refused for any other host.

use crate::identity::{Identity, IdentityError};
use crate::sas::{Key, KeyError};
use crate::secret::SecretPart;

/// What a connection string said, each part as it stands there: nothing is copied, least of all a key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ConnectionString<'t> {
    /// `HostName`: the hub.
    pub host_name: Option<&'t str>,
    /// `DeviceId`.
    pub device_id: Option<&'t str>,
    /// `ModuleId`.
    pub module_id: Option<&'t str>,
    /// `SharedAccessKey`: base64.
    pub shared_access_key: Option<SecretPart<'t>>,
    /// `SharedAccessKeyName`: only a *service* connection string has it.
    pub shared_access_key_name: Option<&'t str>,
    /// `SharedAccessSignature`: a ready token.
    pub shared_access_signature: Option<SecretPart<'t>>,
    /// `GatewayHostName`: dial this host, speak to the hub behind it.
    pub gateway_host_name: Option<&'t str>,
    /// `UseLocalHub`: plain WebSocket to a loopback address.
    pub use_local_hub: bool,
    /// `Port`: only together with `UseLocalHub`.
    pub port: Option<u16>,
    /// `x509=true`: the string is for a client certificate.
    pub x509: bool,
}

/// Why a text is not the connection string of a device. Each message says what to do instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectionStringError {
    /// Nothing but white space.
    #[error("the connection string is empty: copy the device's primary connection string from the registry")]
    Empty,
    /// A part between two `;` has no `=`.
    #[error(
        "part {position} of the connection string has no \"=\": it is a list of Name=Value parted by \";\""
    )]
    NotAPair {
        /// Which part, counted from 1.
        position: usize,
    },
    /// The same name twice with different values.
    #[error("\"{0}\" stands twice in the connection string, with different values: keep one")]
    Duplicate(&'static str),
    /// A part that a device needs is missing.
    #[error(
        "the connection string has no \"{0}\": copy the whole device string (HostName=…;DeviceId=…;SharedAccessKey=…)"
    )]
    Missing(&'static str),
    /// A hub's (service) string was pasted.
    #[error(
        "this is the connection string of the hub (policy \"{policy}\"), not of a device: open the device in the registry and copy its own string, which has a DeviceId"
    )]
    HubString {
        /// The policy it names.
        policy: String,
    },
    /// The string is for a client certificate, which a page can not choose.
    #[error(
        "the connection string says x509=true: a page can not choose a client certificate for a WebSocket; use a key or a token"
    )]
    ClientCertificate,
    /// A value of a guide was left as it stood: `…`, `<…>`, `{…}`.
    #[error("\"{0}\" is a placeholder still: put the value of your own device there")]
    Placeholder(&'static str),
    /// The key is not one.
    #[error("SharedAccessKey: {0}")]
    Key(#[from] KeyError),
    /// An id breaks the hub's rules.
    #[error("{0}")]
    Identity(#[from] IdentityError),
    /// The host name is not one.
    #[error(
        "\"{host}\" is not a host name: it looks like my-hub.azure-devices.net, without https:// and without a path"
    )]
    HostName {
        /// What stood there.
        host: String,
    },
    /// A host name without a dot: the suffix was left off.
    #[error("the host name \"{host}\" has no domain: did you mean {host}.azure-devices.net?")]
    HostSuffixMissing {
        /// What stood there.
        host: String,
    },
    /// `UseLocalHub` for a host that is not this machine.
    #[error(
        "UseLocalHub=true is for a hub on this machine (localhost, 127.0.0.1, [::1]), not for \"{host}\": without TLS a token would travel in clear text"
    )]
    LocalHubElsewhere {
        /// The host it names.
        host: String,
    },
    /// `Port` is not a port, or stands without `UseLocalHub`.
    #[error("Port={0}: it takes a number from 1 to 65535, and only together with UseLocalHub=true")]
    Port(String),
}

/// The names that mean something here, in any case.
const NAMES: [&str; 10] = [
    "HostName",
    "DeviceId",
    "ModuleId",
    "SharedAccessKeyName",
    "GatewayHostName",
    "SharedAccessKey",
    "SharedAccessSignature",
    "UseLocalHub",
    "x509",
    "Port",
];
/// So many of them must not stand twice with different values; of the others the last one counts.
const ONCE: usize = 7;

impl<'t> ConnectionString<'t> {
    /// Reads any connection string, of a device or of the hub.
    ///
    /// # Errors
    /// [`ConnectionStringError`] for text that is no list of names and values.
    pub fn parse(text: &'t str) -> Result<Self, ConnectionStringError> {
        let text = text.trim().trim_matches('"').trim();
        if text.is_empty() {
            return Err(ConnectionStringError::Empty);
        }
        let mut values = [None; NAMES.len()];
        for (index, part) in text.split(';').enumerate() {
            let part = part.trim();
            if part.is_empty() {
                continue;
            }
            let (name, value) =
                part.split_once('=').ok_or(ConnectionStringError::NotAPair { position: index + 1 })?;
            // Unknown names (ProvisioningHost, Authentication, …) are other tools' business.
            let Some(at) = NAMES.iter().position(|known| known.eq_ignore_ascii_case(name.trim())) else {
                continue;
            };
            if is_placeholder(value.trim()) {
                return Err(ConnectionStringError::Placeholder(NAMES[at]));
            }
            match values[at].replace(value.trim()) {
                Some(old) if at < ONCE && old != value.trim() => {
                    return Err(ConnectionStringError::Duplicate(NAMES[at]));
                }
                _ => {}
            }
        }
        Self::of(values)
    }

    /// `values` in the order of [`NAMES`].
    fn of(values: [Option<&'t str>; NAMES.len()]) -> Result<Self, ConnectionStringError> {
        let [host, device, module, policy, gateway, key, token, local, x509, port] = values;
        let is_true = |value: Option<&str>| value.is_some_and(|value| value.eq_ignore_ascii_case("true"));
        let use_local_hub = is_true(local);
        Ok(Self {
            host_name: host,
            device_id: device,
            module_id: module,
            shared_access_key: key.map(SecretPart::new),
            shared_access_key_name: policy,
            shared_access_signature: token.map(SecretPart::new),
            gateway_host_name: gateway,
            use_local_hub,
            port: port.map(|port| parse_port(port, use_local_hub)).transpose()?,
            x509: is_true(x509),
        })
    }

    /// Reads the connection string of a device or module and checks all that can be checked here.
    ///
    /// # Errors
    /// [`ConnectionStringError`] names what is wrong and what to do.
    pub fn parse_device(text: &'t str) -> Result<Self, ConnectionStringError> {
        let read = Self::parse(text)?;
        read.check_device()?;
        Ok(read)
    }

    fn check_device(&self) -> Result<(), ConnectionStringError> {
        let host = self.host_name.ok_or(ConnectionStringError::Missing("HostName"))?;
        let Some(device) = self.device_id else {
            return Err(match self.shared_access_key_name {
                Some(policy) => ConnectionStringError::HubString { policy: policy.to_owned() },
                None => ConnectionStringError::Missing("DeviceId"),
            });
        };
        Identity::new(device, self.module_id)?;
        check_host(host, self.use_local_hub)?;
        if let Some(gateway) = self.gateway_host_name {
            check_host_shape(gateway)?;
        }
        match (self.shared_access_key, self.shared_access_signature) {
            (Some(key), _) => Key::from_base64(key.expose()).map(drop).map_err(Into::into),
            (None, Some(_)) => Ok(()),
            (None, None) if self.x509 => Err(ConnectionStringError::ClientCertificate),
            (None, None) => Err(ConnectionStringError::Missing("SharedAccessKey")),
        }
    }
}

/// Whether a value stands as a guide or a portal shows it, in place of one's own: `…`, `<…>`, `{…}`. No value of a
/// connection string may hold these characters.
#[must_use]
pub fn is_placeholder(value: &str) -> bool {
    // By bytes: searching text for text is two kilobytes of a page's download.
    let bytes = value.as_bytes();
    matches!(bytes, [b'<', .., b'>'] | [b'{', .., b'}'])
        || bytes.windows(3).any(|three| three == "…".as_bytes())
}

fn parse_port(value: &str, local: bool) -> Result<u16, ConnectionStringError> {
    match value.parse::<u64>().map(u16::try_from) {
        Ok(Ok(port)) if port > 0 && local => Ok(port),
        _ => Err(ConnectionStringError::Port(value.to_owned())),
    }
}

/// Checks the host of a hub. Hosts on this machine are fine without a domain.
///
/// # Errors
/// [`ConnectionStringError`] for text that is no host, a host without domain, or a local hub elsewhere.
pub fn check_host(host: &str, use_local_hub: bool) -> Result<(), ConnectionStringError> {
    check_host_shape(host)?;
    if is_loopback(host) {
        return Ok(());
    }
    if use_local_hub {
        return Err(ConnectionStringError::LocalHubElsewhere { host: host.to_owned() });
    }
    if host.contains('.') || host.starts_with('[') {
        return Ok(());
    }
    Err(ConnectionStringError::HostSuffixMissing { host: host.to_owned() })
}

fn check_host_shape(host: &str) -> Result<(), ConnectionStringError> {
    let plain = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let good = match plain {
        Some(v6) => !v6.is_empty() && v6.bytes().all(|b| b.is_ascii_hexdigit() || b == b':' || b == b'.'),
        None => {
            !host.is_empty()
                && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
        }
    };
    if good { Ok(()) } else { Err(ConnectionStringError::HostName { host: host.to_owned() }) }
}

/// Whether `host` names this machine: `localhost`, `*.localhost`, `127.0.0.0/8`, `[::1]`.
#[must_use]
pub fn is_loopback(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    if host == "localhost" || host.ends_with(".localhost") || host == "[::1]" {
        return true;
    }
    // By hand: the standard parser of addresses is a kilobyte of a page's download.
    let mut parts = host
        .split('.')
        .map(|part| part.parse::<u64>().is_ok_and(|byte| byte < 256 && !part.starts_with('+')));
    host.starts_with("127.") && host.split('.').count() == 4 && parts.all(|good| good)
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    fn text(rest: &str) -> String {
        format!("HostName=h.azure-devices.net;{rest}")
    }

    fn fault(rest: &str) -> ConnectionStringError {
        ConnectionString::parse_device(&text(rest)).unwrap_err()
    }

    #[test]
    fn a_part_is_split_on_its_first_equals_sign_only() {
        let text = text(&format!("DeviceId=a=b;SharedAccessKey={KEY}"));
        let read = ConnectionString::parse_device(&text).unwrap();
        assert_eq!(read.device_id, Some("a=b"));
        assert_eq!(read.shared_access_key.unwrap().expose(), KEY);
    }

    #[test]
    fn a_hub_string_is_named_as_such() {
        let error = fault(&format!("SharedAccessKeyName=iothubowner;SharedAccessKey={KEY}"));
        assert!(matches!(error, ConnectionStringError::HubString { ref policy } if policy == "iothubowner"));
    }

    #[test]
    fn a_key_that_was_cut_off_is_named_as_such() {
        let error = fault(&format!("DeviceId=d;SharedAccessKey={}", &KEY[..43]));
        assert_eq!(error, ConnectionStringError::Key(KeyError::NotBase64 { chars: 43 }));
        assert!(!error.to_string().contains(&KEY[..10]));
    }

    #[test]
    fn a_local_hub_may_have_any_name_of_this_machine() {
        for host in ["localhost", "hub.localhost", "My.Hub.LocalHost", "127.0.0.2", "[::1]"] {
            let text = format!("HostName={host};DeviceId=d;SharedAccessKey={KEY};UseLocalHub=true;Port=4280");
            assert!(ConnectionString::parse_device(&text).is_ok(), "{host}");
        }
        let text = format!("HostName=hub.test;DeviceId=d;SharedAccessKey={KEY};UseLocalHub=true;Port=4280");
        assert!(ConnectionString::parse_device(&text).is_err());
    }

    #[test]
    fn a_host_without_its_domain_is_named_as_such() {
        let error = ConnectionString::parse_device(&format!("HostName=hub;DeviceId=d;SharedAccessKey={KEY}"))
            .unwrap_err();
        assert!(error.to_string().contains("hub.azure-devices.net"));
        for host in ["https://h.net", "h.net/x", "", "a b"] {
            let text = format!("HostName={host};DeviceId=d;SharedAccessKey={KEY}");
            assert!(matches!(
                ConnectionString::parse_device(&text),
                Err(ConnectionStringError::HostName { .. })
            ));
        }
    }

    #[test]
    fn the_local_hub_is_on_this_machine_only() {
        let text = |host: &str| {
            format!("HostName={host};DeviceId=d;SharedAccessKey={KEY};UseLocalHub=true;Port=4280")
        };
        for host in ["localhost", "127.0.0.1", "127.9.9.9", "[::1]", "LOCALHOST"] {
            assert_eq!(ConnectionString::parse_device(&text(host)).unwrap().port, Some(4280));
        }
        for host in ["example.com", "10.0.0.1", "128.0.0.1", "localhost.example.com"] {
            assert!(matches!(
                ConnectionString::parse_device(&text(host)),
                Err(ConnectionStringError::LocalHubElsewhere { .. })
            ));
        }
    }

    #[test]
    fn a_placeholder_is_named_and_not_shown() {
        for (text, name) in [
            ("HostName=…;DeviceId=…;SharedAccessKey=…", "HostName"),
            ("HostName=<my hub>;DeviceId=d;SharedAccessKey=k", "HostName"),
            ("HostName={hub}.azure-devices.net;DeviceId={id};SharedAccessKey=k", "DeviceId"),
            ("HostName=h.example;DeviceId=d;ModuleId=<module>;SharedAccessKey=k", "ModuleId"),
            ("HostName=h.example;DeviceId=d;SharedAccessKey=<the secret>", "SharedAccessKey"),
            ("HostName=h.example;DeviceId=d;SharedAccessSignature={token}", "SharedAccessSignature"),
            ("HostName=h.example;DeviceId=d;SharedAccessKey=k;GatewayHostName=<edge>", "GatewayHostName"),
        ] {
            let error = ConnectionString::parse_device(text).unwrap_err();
            assert!(
                matches!(error, ConnectionStringError::Placeholder(found) if found == name),
                "{text}: {error}"
            );
            assert!(!error.to_string().contains("secret"));
        }
    }

    #[test]
    fn a_port_needs_the_local_hub() {
        let found = fault(&format!("DeviceId=d;SharedAccessKey={KEY};Port=1"));
        assert!(matches!(found, ConnectionStringError::Port(_)));
    }

    #[test]
    fn printing_one_never_shows_its_key() {
        let text = text(&format!("DeviceId=d;SharedAccessKey={KEY}"));
        let read = ConnectionString::parse_device(&text).unwrap();
        assert!(!format!("{read:?}").contains("AAECAw"));
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest::proptest! {
        #[test]
        fn reading_never_panics(text in ".*") {
            let _ = ConnectionString::parse_device(&text);
        }

        #[test]
        fn what_is_written_is_read(device_id in "[a-zA-Z0-9=._-]{1,40}", key in proptest::collection::vec(0u8..=255, 1..64)) {
            let key = Key::from_bytes(&key).to_base64();
            let text = format!("HostName=h.example;DeviceId={device_id};SharedAccessKey={}", key.expose());
            let read = ConnectionString::parse_device(&text).unwrap();
            proptest::prop_assert_eq!(read.device_id.unwrap(), device_id);
            proptest::prop_assert!(read.shared_access_key.unwrap().expose() == key.expose());
        }
    }
}
