//! What a device is told once: who it is, how it proves it, and the numbers of its behaviour.

use crate::error::{Code, Error};
use iothub_protocol::connection_string::{ConnectionString, check_host, is_loopback};
use iothub_protocol::identity::Identity;
use iothub_protocol::limits::KEEP_ALIVE_MAX_SECONDS;
use iothub_protocol::packet::QoS;
use iothub_protocol::sas::Key;
use iothub_protocol::secret::{Secret, SecretPart};

/// Everything a device needs to know.
#[derive(Debug, Clone)]
pub struct Config {
    /// The hub's full host name, also when a gateway is dialled.
    pub host: String,
    /// The host to dial instead of the hub (IoT Edge).
    pub gateway_host: Option<String>,
    /// Whose link it is.
    pub identity: Identity,
    /// How it proves that.
    pub credentials: Credentials,
    /// Plain `ws://` to this port of a loopback host.
    pub local_port: Option<u16>,
    /// The Plug and Play model to announce.
    pub model_id: Option<String>,
    /// Text for the user name's `DeviceClientType`, behind the library's own name.
    pub product_info: Option<String>,
    /// Ask the hub to forget the kept session.
    pub clean_session: bool,
    /// Sent as telemetry by the hub when the link dies without a DISCONNECT.
    pub will: Option<Will>,
    /// The numbers.
    pub options: Options,
}

/// How an identity proves itself.
#[derive(Debug, Clone)]
pub enum Credentials {
    /// A key: tokens are signed here.
    Key(Key),
    /// One ready token: good until it ends.
    Token(Secret),
    /// The application gives a token whenever one is needed.
    Provider,
}

/// A last will, as telemetry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Will {
    /// The message's body.
    pub body: Vec<u8>,
    /// The property bag, encoded.
    pub bag: String,
    /// 0 or 1.
    pub qos: QoS,
}

/// What happens to a send when the outbox is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhenFull {
    /// The new message is rejected with `outbox-full`.
    Reject,
    /// The oldest waiting message is rejected with `outbox-dropped`.
    DropOldest,
}

/// The numbers of a link's behaviour. Times are milliseconds unless the name says seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Life of the tokens that are signed here or asked for, in seconds.
    pub token_life_seconds: u64,
    /// Keep-alive that CONNECT announces, in seconds: 1 to 1177.
    pub keep_alive_seconds: u16,
    /// PINGREQ after so long without a byte from the hub.
    pub ping_after: u64,
    /// The answer to a PINGREQ is due within this time.
    pub ping_timeout: u64,
    /// A PUBACK older than this asks for a PINGREQ at once.
    pub ack_timeout: u64,
    /// A socket has to open within this time.
    pub open_timeout: u64,
    /// CONNACK is due within this time; the hub delays it when it shapes traffic.
    pub connack_timeout: u64,
    /// First wait after a lost link; doubles up to `backoff_cap`.
    pub backoff_base: u64,
    /// Longest wait after a lost link.
    pub backoff_cap: u64,
    /// First wait after CONNACK 3 or a sign of throttling.
    pub throttled_base: u64,
    /// Longest wait after those.
    pub throttled_cap: u64,
    /// So many short lives of a link in a row mean that somebody else has the identity; 0 never does.
    pub taken_over_after: u32,
    /// First wait then.
    pub taken_over_base: u64,
    /// Longest wait then.
    pub taken_over_cap: u64,
    /// Messages the outbox holds.
    pub outbox_messages: usize,
    /// Bytes the outbox holds.
    pub outbox_bytes: usize,
    /// What to do with a send beyond either.
    pub when_full: WhenFull,
    /// QoS 1 messages on the wire without a PUBACK.
    pub window_messages: usize,
    /// Bytes on the wire without a PUBACK.
    pub window_bytes: usize,
    /// The socket's own buffer is kept below this many bytes.
    pub buffered_high_water: usize,
    /// How long a renewal or `close` waits for open work.
    pub drain_timeout: u64,
    /// Default time-out of twin calls.
    pub twin_timeout: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            token_life_seconds: 3600,
            keep_alive_seconds: 240,
            ping_after: 30_000,
            ping_timeout: 10_000,
            ack_timeout: 10_000,
            open_timeout: 30_000,
            connack_timeout: 60_000,
            backoff_base: 1_000,
            backoff_cap: 30_000,
            throttled_base: 5_000,
            throttled_cap: 300_000,
            taken_over_after: 3,
            taken_over_base: 20_000,
            taken_over_cap: 600_000,
            outbox_messages: 100_000,
            outbox_bytes: 64 << 20,
            when_full: WhenFull::Reject,
            window_messages: 1024,
            window_bytes: 1 << 20,
            buffered_high_water: 1 << 20,
            drain_timeout: 5_000,
            twin_timeout: 60_000,
        }
    }
}

impl Config {
    /// The configuration that a connection string stands for.
    ///
    /// # Errors
    /// An [`Error`] that names what is wrong with the string and what to do.
    pub fn from_connection_string(text: &str) -> Result<Self, Error> {
        let read = ConnectionString::parse_device(text)?;
        // `parse_device` has checked that host and device are there, and what they are.
        let device_id = read.device_id.unwrap_or_default().to_owned();
        let identity = Identity { device_id, module_id: read.module_id.map(str::to_owned) };
        let credentials = match (read.shared_access_key, read.shared_access_signature) {
            (Some(key), _) => Credentials::Key(key_of(key.expose())?),
            (None, token) => Credentials::Token(Secret::from(token.map_or("", SecretPart::expose))),
        };
        let mut config = Self::new(read.host_name.unwrap_or_default().to_owned(), identity, credentials);
        config.gateway_host = read.gateway_host_name.map(str::to_owned);
        config.local_port = read.use_local_hub.then_some(read.port.unwrap_or(DEFAULT_LOCAL_PORT));
        Ok(config)
    }

    /// A configuration with all else at its default.
    #[must_use]
    pub fn new(host: String, identity: Identity, credentials: Credentials) -> Self {
        Self {
            host,
            gateway_host: None,
            identity,
            credentials,
            local_port: None,
            model_id: None,
            product_info: None,
            clean_session: false,
            will: None,
            options: Options::default(),
        }
    }

    /// Checks what the parts can not check alone; call it once before [`crate::Device::new`], like [`Options::check`].
    ///
    /// # Errors
    /// An [`Error`] for a host that is none, or a plain link to a foreign host.
    pub fn check(&self) -> Result<(), Error> {
        check_host(&self.host, self.local_port.is_some())?;
        if let Some(gateway) = &self.gateway_host
            && self.local_port.is_some()
            && !is_loopback(gateway)
        {
            return Err(Error::new(
                Code::LocalHubOnly,
                format!("useLocalHub is for a hub on this machine, not for the gateway \"{gateway}\""),
            ));
        }
        Identity::new(&self.identity.device_id, self.identity.module())?;
        Ok(())
    }

    /// Where the socket goes: the hub's own path, and the query that keeps the hub from asking a browser for a
    /// client certificate.
    #[must_use]
    pub fn url(&self) -> String {
        let host = self.gateway_host.as_deref().unwrap_or(&self.host);
        let (scheme, port) = match self.local_port {
            Some(port) => ("ws", port),
            None => ("wss", 443),
        };
        let port = u32::from(port).to_string();
        [scheme, "://", host, ":", &port, PATH].concat()
    }

    /// Why nobody may have answered at [`Config::url`], for people: the address, what happened there, what to do.
    pub(crate) fn unreachable(&self, what: &str) -> String {
        let url = self.url();
        let cure = match self.local_port {
            Some(_) => "; is the local hub running? Start it with \"npm start\" or \"npx iothub-local\"",
            None if is_loopback(&self.host) => "; for a local hub add UseLocalHub=true and its Port",
            None => "",
        };
        let place = url.strip_suffix(PATH).unwrap_or(&url);
        format!("the WebSocket to {place} {what}{cure}")
    }
}

const PATH: &str = "/$iothub/websocket?iothub-no-client-cert=true";

/// Where `iothub-local` listens unless told otherwise.
pub const DEFAULT_LOCAL_PORT: u16 = 4280;

/// A key of its base64 text.
///
/// # Errors
/// `key-format` says what is wrong with it.
pub fn key_of(text: &str) -> Result<Key, Error> {
    Key::from_base64(text).map_err(|error| Error::new(Code::KeyFormat, error.to_string()))
}

/// The largest number that an option takes: the longest that a timer of a page waits.
const LONG: u32 = 0x7fff_ffff;

/// What an option that is a number may be, by its name in JavaScript.
fn range_of(name: &str) -> (u32, u32) {
    match name {
        "keepAliveSeconds" => (1, KEEP_ALIVE_MAX_SECONDS.into()),
        // Half of the packet ids: none is given out twice.
        "window.messages" => (1, 32_767),
        "takenOver.after" | "drainTimeout" => (0, LONG),
        _ => (1, LONG),
    }
}

/// The number of an option, when it is one of its range; `given` for the message when it is none at all.
///
/// # Errors
/// `argument` with the option's name, its value and its range.
pub fn number_of(name: &str, number: Option<u64>, given: &str) -> Result<u32, Error> {
    let (least, most) = range_of(name);
    match number.map(u32::try_from) {
        Some(Ok(number)) if (least..=most).contains(&number) => Ok(number),
        _ => Err(Error::new(
            Code::Argument,
            format!("the option \"{name}\" is {given}; it takes a whole number from {least} to {most}"),
        )),
    }
}

impl Options {
    /// Checks every number; what comes from JavaScript was checked one by one.
    ///
    /// # Errors
    /// The one of [`number_of`].
    pub fn check(&self) -> Result<(), Error> {
        for (name, number) in [
            ("tokenLifeSeconds", self.token_life_seconds),
            ("keepAliveSeconds", self.keep_alive_seconds.into()),
            ("pingAfter", self.ping_after),
            ("pingTimeout", self.ping_timeout),
            ("ackTimeout", self.ack_timeout),
            ("openTimeout", self.open_timeout),
            ("connackTimeout", self.connack_timeout),
            ("drainTimeout", self.drain_timeout),
            ("twinTimeout", self.twin_timeout),
            ("bufferedHighWater", self.buffered_high_water as u64),
            ("backoff.base", self.backoff_base),
            ("backoff.cap", self.backoff_cap),
            ("throttled.base", self.throttled_base),
            ("throttled.cap", self.throttled_cap),
            ("takenOver.base", self.taken_over_base),
            ("takenOver.cap", self.taken_over_cap),
            ("takenOver.after", self.taken_over_after.into()),
            ("outbox.messages", self.outbox_messages as u64),
            ("outbox.bytes", self.outbox_bytes as u64),
            ("window.messages", self.window_messages as u64),
            ("window.bytes", self.window_bytes as u64),
        ] {
            number_of(name, Some(number), &number.to_string())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn refusal(change: impl FnOnce(&mut Options)) -> Option<String> {
        let mut options = Options::default();
        change(&mut options);
        options.check().err().map(|error| {
            assert_eq!(error.code, Code::Argument);
            error.message
        })
    }

    #[test]
    fn the_defaults_and_the_ends_of_each_range_are_legal() {
        assert_eq!(refusal(|_| {}), None);
        assert_eq!(refusal(|options| options.window_messages = 32_767), None);
        assert_eq!(refusal(|options| options.keep_alive_seconds = 1177), None);
        assert_eq!(refusal(|options| options.ping_after = LONG.into()), None);
        assert_eq!(refusal(|options| options.drain_timeout = 0), None);
        assert_eq!(refusal(|options| options.taken_over_after = 0), None);
    }

    #[test]
    fn a_number_out_of_its_range_is_named_with_its_value_and_the_range() {
        let says = |message: Option<String>, name: &str, value: &str, range: &str| {
            let message = message.unwrap_or_else(|| panic!("{name} was taken"));
            let wanted = format!("the option \"{name}\" is {value}; it takes a whole number from {range}");
            assert_eq!(message, wanted);
        };
        says(refusal(|o| o.token_life_seconds = 0), "tokenLifeSeconds", "0", "1 to 2147483647");
        says(refusal(|o| o.keep_alive_seconds = 0), "keepAliveSeconds", "0", "1 to 1177");
        says(refusal(|o| o.keep_alive_seconds = 1178), "keepAliveSeconds", "1178", "1 to 1177");
        says(refusal(|o| o.ping_after = 0), "pingAfter", "0", "1 to 2147483647");
        says(refusal(|o| o.ping_timeout = 0), "pingTimeout", "0", "1 to 2147483647");
        says(refusal(|o| o.ack_timeout = 0), "ackTimeout", "0", "1 to 2147483647");
        says(refusal(|o| o.open_timeout = 0), "openTimeout", "0", "1 to 2147483647");
        says(refusal(|o| o.connack_timeout = 0), "connackTimeout", "0", "1 to 2147483647");
        says(refusal(|o| o.drain_timeout = 1 << 31), "drainTimeout", "2147483648", "0 to 2147483647");
        says(refusal(|o| o.twin_timeout = 0), "twinTimeout", "0", "1 to 2147483647");
        says(refusal(|o| o.buffered_high_water = 0), "bufferedHighWater", "0", "1 to 2147483647");
        says(refusal(|o| o.backoff_base = 0), "backoff.base", "0", "1 to 2147483647");
        says(refusal(|o| o.backoff_cap = 0), "backoff.cap", "0", "1 to 2147483647");
        says(refusal(|o| o.throttled_base = 0), "throttled.base", "0", "1 to 2147483647");
        says(refusal(|o| o.throttled_cap = 0), "throttled.cap", "0", "1 to 2147483647");
        says(refusal(|o| o.taken_over_base = 0), "takenOver.base", "0", "1 to 2147483647");
        says(refusal(|o| o.taken_over_cap = 0), "takenOver.cap", "0", "1 to 2147483647");
        says(refusal(|o| o.taken_over_after = 1 << 31), "takenOver.after", "2147483648", "0 to 2147483647");
        says(refusal(|o| o.outbox_messages = 0), "outbox.messages", "0", "1 to 2147483647");
        says(refusal(|o| o.outbox_bytes = 0), "outbox.bytes", "0", "1 to 2147483647");
        says(refusal(|o| o.window_messages = 32_768), "window.messages", "32768", "1 to 32767");
        says(refusal(|o| o.window_bytes = 0), "window.bytes", "0", "1 to 2147483647");
    }
}
