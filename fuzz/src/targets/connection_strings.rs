//! Connection strings: what is read is what was written, a good one makes a configuration, and no key is shown.

use crate::input::text_of;
use iothub_device::Config;
use iothub_protocol::connection_string::ConnectionString;
use iothub_protocol::secret::Secret;

pub(crate) fn run(data: &[u8]) {
    let text = text_of(data);
    let Ok(read) = ConnectionString::parse(&text) else {
        assert!(ConnectionString::parse_device(&text).is_err(), "a device string is a connection string");
        return;
    };
    let again = ConnectionString::parse(&written(&read));
    assert_eq!(again.as_ref(), Ok(&read), "what is written is read back");
    shows_no_key(&text, &read);
    let device = ConnectionString::parse_device(&text);
    match Config::from_connection_string(&text) {
        Ok(config) => {
            assert!(device.is_ok(), "a configuration comes of a device string only");
            let _ = config.check();
        }
        Err(error) => {
            assert!(device.is_err(), "a checked device string makes a configuration: {error}");
            holds_no(&error.to_string(), &text, read.shared_access_key.as_ref());
        }
    }
}

/// The canonical form of what was read.
fn written(read: &ConnectionString) -> String {
    let secret = |secret: &Option<Secret>| secret.as_ref().map(|secret| secret.expose().to_owned());
    let parts = [
        ("HostName", read.host_name.clone()),
        ("DeviceId", read.device_id.clone()),
        ("ModuleId", read.module_id.clone()),
        ("SharedAccessKey", secret(&read.shared_access_key)),
        ("SharedAccessKeyName", read.shared_access_key_name.clone()),
        ("SharedAccessSignature", secret(&read.shared_access_signature)),
        ("GatewayHostName", read.gateway_host_name.clone()),
        ("UseLocalHub", read.use_local_hub.then(|| "true".to_owned())),
        ("Port", read.port.map(|port| port.to_string())),
        ("x509", read.x509.then(|| "true".to_owned())),
    ];
    let mut text = "x=y".to_owned();
    for (name, value) in parts {
        if let Some(value) = value {
            text.push_str(&format!(";{name}={value}"));
        }
    }
    // A quote at the end would be taken for the end of a quoted string.
    text + ";"
}

fn shows_no_key(text: &str, read: &ConnectionString) {
    let shown = format!("{read:?}");
    for secret in [&read.shared_access_key, &read.shared_access_signature] {
        holds_no(&shown, text, secret.as_ref());
    }
}

/// A short key, or one that stands elsewhere in the string too, may be part of any text; and so may one with signs
/// that a text is quoted with.
fn holds_no(shown: &str, text: &str, secret: Option<&Secret>) {
    let base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
    let plain = |secret: &&str| secret.len() >= 16 && secret.bytes().all(base64);
    let Some(secret) = secret.map(Secret::expose).filter(plain) else { return };
    let escapes = text.contains(char::is_control);
    assert!(
        escapes || !shown.contains(secret) || text.matches(secret).count() > 1,
        "a secret is shown: {shown}"
    );
}
