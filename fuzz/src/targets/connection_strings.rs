//! Connection strings: what is read is what was written, a good one makes a configuration, and no key is shown.

use crate::input::text_of;
use iothub_device::Config;
use iothub_protocol::connection_string::ConnectionString;
use iothub_protocol::secret::SecretPart;

pub(crate) fn run(data: &[u8]) {
    let text = text_of(data);
    let Ok(read) = ConnectionString::parse(&text) else {
        assert!(ConnectionString::parse_device(&text).is_err(), "a device string is a connection string");
        return;
    };
    let once_more = written(&read);
    let again = ConnectionString::parse(&once_more);
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
            holds_no(&error.to_string(), &text, read.shared_access_key);
        }
    }
}

/// The canonical form of what was read.
fn written(read: &ConnectionString<'_>) -> String {
    let port = read.port.map(|port| port.to_string());
    let parts = [
        ("HostName", read.host_name),
        ("DeviceId", read.device_id),
        ("ModuleId", read.module_id),
        ("SharedAccessKey", read.shared_access_key.map(SecretPart::expose)),
        ("SharedAccessKeyName", read.shared_access_key_name),
        ("SharedAccessSignature", read.shared_access_signature.map(SecretPart::expose)),
        ("GatewayHostName", read.gateway_host_name),
        ("UseLocalHub", read.use_local_hub.then_some("true")),
        ("Port", port.as_deref()),
        ("x509", read.x509.then_some("true")),
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

fn shows_no_key(text: &str, read: &ConnectionString<'_>) {
    let shown = format!("{read:?}");
    for secret in [read.shared_access_key, read.shared_access_signature] {
        holds_no(&shown, text, secret);
    }
}

/// A short key, or one that stands elsewhere in the string too, may be part of any text; and so may one with signs
/// that a text is quoted with.
fn holds_no(shown: &str, text: &str, secret: Option<SecretPart<'_>>) {
    let base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
    let plain = |secret: &&str| secret.len() >= 16 && secret.bytes().all(base64);
    let Some(secret) = secret.map(SecretPart::expose).filter(plain) else { return };
    let escapes = text.contains(char::is_control);
    assert!(
        escapes || !shown.contains(secret) || text.matches(secret).count() > 1,
        "a secret is shown: {shown}"
    );
}
