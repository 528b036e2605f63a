//! Options and credentials as JavaScript writes them, on their way to the device's configuration.
//!
//! A name that is not documented is refused: a misspelt option that is silently ignored costs an afternoon.

use iothub_device::{Code, Config, Credentials, Error, WhenFull, key_of};
use iothub_protocol::connection_string::is_loopback;
use iothub_protocol::identity::Identity;
use iothub_protocol::json::{Json, Object};
use iothub_protocol::secret::Secret;

/// The configuration that two plain objects stand for, as JSON text.
pub(crate) fn read(credentials: &str, options: &str) -> Result<Config, Error> {
    let mut given = Given::read(credentials, "credentials")?;
    let mut config = credentials_of(&mut given)?;
    given.end()?;
    let mut options = Given::read(options, "options")?;
    read_options(&mut options, &mut config)?;
    options.end()?;
    config.check()?;
    Ok(config)
}

/// A plain object whose fields are taken out one by one; what is left at the end is unknown.
struct Given {
    what: String,
    fields: Object,
}

impl Given {
    fn read(text: &str, what: &str) -> Result<Self, Error> {
        let value = Json::parse(text).map_err(|error| argument(format!("the {what}: {error}")))?;
        Self::of(value, what)
    }

    fn of(value: Json, what: &str) -> Result<Self, Error> {
        match value {
            Json::Object(fields) => Ok(Self { what: what.to_owned(), fields }),
            _ => Err(argument(format!("\"{what}\" is not an object"))),
        }
    }

    /// A field that is there and not `null`.
    fn take(&mut self, name: &str) -> Option<Json> {
        self.fields.remove(name).filter(|value| *value != Json::Null)
    }

    fn wrong(&self, name: &str, wanted: &str) -> Error {
        argument(format!("\"{name}\" in the {} is not {wanted}", self.what))
    }

    fn text(&mut self, name: &str) -> Result<Option<String>, Error> {
        match self.take(name) {
            None => Ok(None),
            Some(Json::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(name, "a string")),
        }
    }

    fn flag(&mut self, name: &str) -> Result<bool, Error> {
        match self.take(name) {
            None => Ok(false),
            Some(Json::Bool(flag)) => Ok(flag),
            Some(_) => Err(self.wrong(name, "true or false")),
        }
    }

    /// Sets a number when the field is there.
    fn number<T: TryFrom<u64>>(&mut self, name: &str, slot: &mut T) -> Result<(), Error> {
        let Some(value) = self.take(name) else { return Ok(()) };
        *slot = value
            .as_u64()
            .and_then(|number| T::try_from(number).ok())
            .ok_or_else(|| self.wrong(name, "a whole number in its range"))?;
        Ok(())
    }

    fn part(&mut self, name: &str) -> Result<Self, Error> {
        let part = self.take(name).unwrap_or_else(|| Json::Object(Object::default()));
        Self::of(part, &format!("{}.{name}", self.what))
    }

    fn end(&self) -> Result<(), Error> {
        match self.fields.iter().next() {
            Some((name, _)) => {
                Err(argument(format!("\"{name}\" is no field of the {}: see the types", self.what)))
            }
            None => Ok(()),
        }
    }
}

fn argument(text: String) -> Error {
    Error::new(Code::Argument, text)
}

fn credentials_of(given: &mut Given) -> Result<Config, Error> {
    // `npm/client.js` leaves the token function out and says `token: true`.
    let token = given.flag("token")?;
    if let Some(text) = given.text("connectionString")? {
        return Config::from_connection_string(&text);
    }
    let missing = |name: &str| argument(format!("the credentials have no \"{name}\""));
    let host = given.text("host")?.ok_or_else(|| missing("host"))?;
    let device = given.text("deviceId")?.ok_or_else(|| missing("deviceId"))?;
    let identity = Identity::new(&device, given.text("moduleId")?.as_deref())?;
    let credentials = match (given.text("key")?, given.text("sas")?, token) {
        (Some(key), None, false) => Credentials::Key(key_of(&key)?),
        (None, Some(sas), false) => Credentials::Token(Secret::new(sas)),
        (None, None, true) => Credentials::Provider,
        (None, None, false) => return Err(missing("key\", \"sas\" or \"token")),
        _ => {
            let text = "the credentials have more than one of \"key\", \"sas\" and \"token\": give one";
            return Err(argument(text.to_owned()));
        }
    };
    let mut config = Config::new(host, identity, credentials);
    config.gateway_host = given.text("gatewayHost")?;
    let mut port = 0;
    given.number("port", &mut port)?;
    if given.flag("useLocalHub")? {
        if !is_loopback(&config.host) {
            let text = format!(
                "useLocalHub is for a hub on this machine (localhost, 127.0.0.1, [::1]), not for \"{}\"",
                config.host
            );
            return Err(Error::new(Code::LocalHubOnly, text));
        }
        config.local_port = Some(if port == 0 { iothub_device::DEFAULT_LOCAL_PORT } else { port });
    } else if port != 0 {
        return Err(argument("\"port\" is only for a local hub: set useLocalHub too".to_owned()));
    }
    Ok(config)
}

fn read_options(given: &mut Given, config: &mut Config) -> Result<(), Error> {
    config.model_id = given.text("modelId")?;
    config.product_info = given.text("productInfo")?;
    config.clean_session = given.flag("cleanSession")?;
    let options = &mut config.options;
    given.number("tokenLifeSeconds", &mut options.token_life_seconds)?;
    given.number("keepAliveSeconds", &mut options.keep_alive_seconds)?;
    given.number("pingAfter", &mut options.ping_after)?;
    given.number("pingTimeout", &mut options.ping_timeout)?;
    given.number("ackTimeout", &mut options.ack_timeout)?;
    given.number("openTimeout", &mut options.open_timeout)?;
    given.number("connackTimeout", &mut options.connack_timeout)?;
    given.number("drainTimeout", &mut options.drain_timeout)?;
    given.number("twinTimeout", &mut options.twin_timeout)?;
    given.number("bufferedHighWater", &mut options.buffered_high_water)?;
    waits(given.part("backoff")?, &mut options.backoff_base, &mut options.backoff_cap)?;
    waits(given.part("throttled")?, &mut options.throttled_base, &mut options.throttled_cap)?;
    let mut taken_over = given.part("takenOver")?;
    taken_over.number("after", &mut options.taken_over_after)?;
    waits(taken_over, &mut options.taken_over_base, &mut options.taken_over_cap)?;
    let mut outbox = given.part("outbox")?;
    if let Some(when_full) = outbox.text("whenFull")? {
        options.when_full = match when_full.as_str() {
            "reject" => WhenFull::Reject,
            "drop-oldest" => WhenFull::DropOldest,
            _ => return Err(outbox.wrong("whenFull", "\"reject\" or \"drop-oldest\"")),
        };
    }
    bounds(outbox, &mut options.outbox_messages, &mut options.outbox_bytes)?;
    bounds(given.part("window")?, &mut options.window_messages, &mut options.window_bytes)
}

fn waits(mut given: Given, base: &mut u64, cap: &mut u64) -> Result<(), Error> {
    given.number("base", base)?;
    given.number("cap", cap)?;
    given.end()
}

fn bounds(mut given: Given, messages: &mut usize, bytes: &mut usize) -> Result<(), Error> {
    given.number("messages", messages)?;
    given.number("bytes", bytes)?;
    given.end()
}
