//! Options and credentials as JavaScript writes them, on their way to the device's configuration.

use iothub_device::{Code, Config, Credentials, Error, Message, Options, WhenFull, Will, bag_of, key_of};
use iothub_protocol::connection_string::is_loopback;
use iothub_protocol::identity::Identity;
use iothub_protocol::packet::QoS;
use iothub_protocol::secret::Secret;
use iothub_protocol::system_property::SystemProperty;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::JsValue;

/// The parts of an identity; `npm/client.js` leaves the token function out and says `token: true`.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct JsCredentials {
    connection_string: Option<String>,
    host: Option<String>,
    device_id: Option<String>,
    module_id: Option<String>,
    key: Option<String>,
    sas: Option<String>,
    token: bool,
    gateway_host: Option<String>,
    use_local_hub: bool,
    port: Option<u16>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct JsBackoff {
    base: Option<u64>,
    cap: Option<u64>,
    after: Option<u32>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct JsBounds {
    messages: Option<usize>,
    bytes: Option<usize>,
    when_full: Option<String>,
}

/// A last will; `fields` is what `npm/client.js` makes of a message (see `Driver::send_text`).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JsWill {
    body: serde_bytes::ByteBuf,
    fields: String,
    system: usize,
    qos: u8,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct JsOptions {
    model_id: Option<String>,
    product_info: Option<String>,
    clean_session: Option<bool>,
    will: Option<JsWill>,
    token_life_seconds: Option<u64>,
    keep_alive_seconds: Option<u16>,
    ping_after: Option<u64>,
    ping_timeout: Option<u64>,
    ack_timeout: Option<u64>,
    open_timeout: Option<u64>,
    connack_timeout: Option<u64>,
    drain_timeout: Option<u64>,
    twin_timeout: Option<u64>,
    buffered_high_water: Option<usize>,
    backoff: JsBackoff,
    throttled: JsBackoff,
    taken_over: JsBackoff,
    outbox: JsBounds,
    window: JsBounds,
}

/// The configuration that two plain objects stand for.
pub(crate) fn read(credentials: JsValue, options: JsValue) -> Result<Config, Error> {
    let mut config = credentials_of(from_js(credentials, "credentials")?)?;
    let options: JsOptions = from_js(options, "options")?;
    config.model_id.clone_from(&options.model_id);
    config.product_info.clone_from(&options.product_info);
    config.clean_session = options.clean_session.unwrap_or(false);
    config.will = options.will.as_ref().map(will_of).transpose()?;
    numbers(&mut config.options, &options)?;
    config.check()?;
    Ok(config)
}

fn from_js<T: DeserializeOwned>(value: JsValue, what: &str) -> Result<T, Error> {
    serde_wasm_bindgen::from_value(value)
        .map_err(|error| Error::new(Code::Argument, format!("the {what} are not as documented: {error}")))
}

fn credentials_of(given: JsCredentials) -> Result<Config, Error> {
    if let Some(text) = &given.connection_string {
        return Config::from_connection_string(text);
    }
    let missing = |name: &str| Error::new(Code::Argument, format!("the credentials have no \"{name}\""));
    let host = given.host.ok_or_else(|| missing("host"))?;
    let device = given.device_id.ok_or_else(|| missing("deviceId"))?;
    let identity = Identity::new(&device, given.module_id.as_deref())?;
    let credentials = match (given.key, given.sas, given.token) {
        (Some(key), None, false) => Credentials::Key(key_of(&key)?),
        (None, Some(sas), false) => Credentials::Token(Secret::new(sas)),
        (None, None, true) => Credentials::Provider,
        (None, None, false) => return Err(missing("key\", \"sas\" or \"token")),
        _ => return Err(Error::new(Code::Argument, "the credentials have more than one of \"key\", \"sas\" and \"token\": give one")),
    };
    let mut config = Config::new(host, identity, credentials);
    config.gateway_host = given.gateway_host;
    config.local_port = match (given.use_local_hub, given.port) {
        (true, port) => Some(port.unwrap_or(iothub_device::DEFAULT_LOCAL_PORT)),
        (false, None) => None,
        (false, Some(_)) => {
            return Err(Error::new(Code::Argument, "\"port\" is only for a local hub: set useLocalHub too"));
        }
    };
    if config.local_port.is_some() && !is_loopback(&config.host) {
        let text = format!("useLocalHub is for a hub on this machine (localhost, 127.0.0.1, [::1]), not for \"{}\"", config.host);
        return Err(Error::new(Code::LocalHubOnly, text));
    }
    Ok(config)
}

fn will_of(given: &JsWill) -> Result<Will, Error> {
    let fields = Fields::read(&given.fields, given.system)?;
    let message = fields.message(&given.body, qos_of(given.qos)?);
    Ok(Will { body: given.body.to_vec(), bag: bag_of(&message)?, qos: message.qos })
}

/// 0 or 1 as the codec's QoS; 2 goes through so that the device's own check names it.
pub(crate) fn qos_of(qos: u8) -> Result<QoS, Error> {
    match qos {
        0 => Ok(QoS::AtMostOnce),
        1 => Ok(QoS::AtLeastOnce),
        2 => Ok(QoS::ExactlyOnce),
        _ => Err(Error::new(Code::QualityOfService, format!("qos is {qos}: use 1 (at least once) or 0"))),
    }
}

/// The properties of a message as `npm/client.js` joins them: name, NUL, value, NUL, and so on; the first
/// `system` pairs are system properties under their bag key.
pub(crate) struct Fields<'f> {
    system: Vec<(SystemProperty, &'f str)>,
    properties: Vec<(&'f str, &'f str)>,
}

impl<'f> Fields<'f> {
    pub(crate) fn read(text: &'f str, system: usize) -> Result<Self, Error> {
        let mut read = Self { system: Vec::with_capacity(system), properties: Vec::new() };
        if text.is_empty() {
            return Ok(read);
        }
        let mut parts = text.split('\0');
        while let Some(name) = parts.next() {
            let value = parts.next().ok_or_else(|| {
                Error::new(Code::PropertyName, "a property's name or value holds the character U+0000, which no topic may")
            })?;
            if read.system.len() < system {
                let property = SystemProperty::from_bag_key(name)
                    .ok_or_else(|| Error::new(Code::Internal, format!("\"{name}\" is no system property")))?;
                read.system.push((property, value));
            } else {
                read.properties.push((name, value));
            }
        }
        Ok(read)
    }

    pub(crate) fn message<'m>(&'m self, body: &'m [u8], qos: QoS) -> Message<'m> {
        Message { body, system: &self.system, properties: &self.properties, qos }
    }
}

fn set<T: Copy>(slot: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *slot = value;
    }
}

fn numbers(into: &mut Options, from: &JsOptions) -> Result<(), Error> {
    set(&mut into.token_life_seconds, from.token_life_seconds);
    set(&mut into.keep_alive_seconds, from.keep_alive_seconds);
    set(&mut into.ping_after, from.ping_after);
    set(&mut into.ping_timeout, from.ping_timeout);
    set(&mut into.ack_timeout, from.ack_timeout);
    set(&mut into.open_timeout, from.open_timeout);
    set(&mut into.connack_timeout, from.connack_timeout);
    set(&mut into.drain_timeout, from.drain_timeout);
    set(&mut into.twin_timeout, from.twin_timeout);
    set(&mut into.buffered_high_water, from.buffered_high_water);
    set(&mut into.backoff_base, from.backoff.base);
    set(&mut into.backoff_cap, from.backoff.cap);
    set(&mut into.throttled_base, from.throttled.base);
    set(&mut into.throttled_cap, from.throttled.cap);
    set(&mut into.taken_over_after, from.taken_over.after);
    set(&mut into.taken_over_base, from.taken_over.base);
    set(&mut into.taken_over_cap, from.taken_over.cap);
    set(&mut into.outbox_messages, from.outbox.messages);
    set(&mut into.outbox_bytes, from.outbox.bytes);
    set(&mut into.window_messages, from.window.messages);
    set(&mut into.window_bytes, from.window.bytes);
    into.when_full = match from.outbox.when_full.as_deref() {
        None => into.when_full,
        Some("reject") => WhenFull::Reject,
        Some("drop-oldest") => WhenFull::DropOldest,
        Some(other) => {
            let text = format!("the option outbox.whenFull is \"{other}\": use \"reject\" or \"drop-oldest\"");
            return Err(Error::new(Code::Argument, text));
        }
    };
    Ok(())
}
