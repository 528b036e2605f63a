//! Options and credentials as JavaScript writes them, on their way to the device's configuration.
//!
//! The names of credentials were checked before (`npm/given.js`); the ranges of numbers are those of the device.

use iothub_device::{Code, Config, Credentials, Error, WhenFull, key_of, number_of};
use iothub_protocol::connection_string::is_loopback;
use iothub_protocol::identity::Identity;
use iothub_protocol::json::{Json, Object};
use iothub_protocol::secret::Secret;

/// The configuration that two plain objects stand for, as JSON text.
pub(crate) fn read(credentials: &str, options: &str) -> Result<Config, Error> {
    let mut given = Given::read(credentials, "credentials")?;
    let config = credentials_of(&mut given);
    if config.is_ok() {
        given.end();
    }
    given.fault?;
    let mut config = config?;
    let mut given = Given::read(options, "options")?;
    read_options(&mut given, &mut config);
    given.fault?;
    config.check()?;
    Ok(config)
}

/// A plain object whose fields are taken out one by one; what is left at the end is unknown. The first fault is kept,
/// so that reading is one line a field.
struct Given<'a> {
    what: &'a str,
    /// The field that these are the fields of.
    part: Option<&'a str>,
    fields: Object,
    fault: Result<(), Error>,
}

impl<'a> Given<'a> {
    fn read(text: &str, what: &'a str) -> Result<Self, Error> {
        match Json::parse(text) {
            Ok(Json::Object(fields)) => Ok(Self { what, part: None, fields, fault: Ok(()) }),
            Ok(_) => Err(argument(format!("\"{what}\" is not an object"))),
            Err(error) => Err(argument(format!("the {what}: {error}"))),
        }
    }

    /// A field that is there and not `null`.
    fn take(&mut self, name: &str) -> Option<Json> {
        self.fields.remove(name).filter(|value| *value != Json::Null)
    }

    fn refuse(&mut self, error: Error) {
        if self.fault.is_ok() {
            self.fault = Err(error);
        }
    }

    /// The field's name as the application writes it.
    fn path(&self, name: &str) -> String {
        match self.part {
            Some(part) => [part, ".", name].concat(),
            None => name.to_owned(),
        }
    }

    fn wrong(&mut self, name: &str, wanted: &str) {
        let text = format!("\"{}\" in the {} is not {wanted}", self.path(name), self.what);
        self.refuse(argument(text));
    }

    fn text(&mut self, name: &str) -> Option<String> {
        match self.take(name)? {
            Json::String(text) => return Some(text),
            _ => self.wrong(name, "a string"),
        }
        None
    }

    fn flag(&mut self, name: &str) -> bool {
        match self.take(name) {
            Some(Json::Bool(flag)) => return flag,
            None => {}
            Some(_) => self.wrong(name, "true or false"),
        }
        false
    }

    /// The number in a field, when it is there.
    fn number(&mut self, name: &str) -> Option<u32> {
        let given = self.take(name)?;
        let shown = match &given {
            Json::Number(text) => text.clone(),
            Json::String(text) => format!("\"{text}\""),
            _ => "of another type".to_owned(),
        };
        number_of(&self.path(name), given.as_u64(), &shown).map_err(|error| self.refuse(error)).ok()
    }

    /// Sets a number when the field is there.
    fn time(&mut self, name: &str, slot: &mut u64) {
        if let Some(number) = self.number(name) {
            *slot = number.into();
        }
    }

    /// Sets a count when the field is there.
    fn count(&mut self, name: &str, slot: &mut usize) {
        if let Some(number) = self.number(name) {
            *slot = number as usize;
        }
    }

    /// Reads the object in a field; none there is like an empty one.
    fn part(&mut self, name: &'a str, read: &mut dyn FnMut(&mut Self)) {
        let fields = match self.take(name) {
            None => return,
            Some(Json::Object(fields)) => fields,
            Some(_) => return self.wrong(name, "an object"),
        };
        let fault = std::mem::replace(&mut self.fault, Ok(()));
        let mut part = Self { what: self.what, part: Some(name), fields, fault };
        read(&mut part);
        part.end();
        self.fault = part.fault;
    }

    fn waits(&mut self, name: &'a str, base: &mut u64, cap: &mut u64) {
        self.part(name, &mut |given| given.base_and_cap(base, cap));
    }

    fn base_and_cap(&mut self, base: &mut u64, cap: &mut u64) {
        self.time("base", base);
        let is_below = self.number("cap").is_some_and(|most| {
            *cap = most.into();
            *cap < *base
        });
        if is_below {
            self.wrong("cap", "as long as its \"base\"");
        }
    }

    /// What is left nobody has asked for: a misspelt option that is silently ignored costs an afternoon.
    fn end(&mut self) {
        let left = self.fields.iter().next();
        if let Some(text) = left.map(|(name, _)| format!("\"{name}\" is no field of the {}", self.what)) {
            self.refuse(argument(text));
        }
    }
}

fn argument(text: String) -> Error {
    Error::new(Code::Argument, text)
}

fn credentials_of(given: &mut Given) -> Result<Config, Error> {
    // `npm/client.js` leaves the token function out and says `token: true`.
    let token = given.flag("token");
    match given.text("connectionString") {
        Some(text) => Config::from_connection_string(&text),
        None => credentials_in_parts(given, token),
    }
}

/// By itself: a page that has a connection string need not compile it.
#[inline(never)]
fn credentials_in_parts(given: &mut Given, token: bool) -> Result<Config, Error> {
    let missing = |name: &str| argument(format!("the credentials have no \"{name}\""));
    let host = given.text("host").ok_or_else(|| missing("host"))?;
    let device = given.text("deviceId").ok_or_else(|| missing("deviceId"))?;
    let identity = Identity::new(&device, given.text("moduleId").as_deref())?;
    let credentials = match (given.text("key"), given.text("sas"), token) {
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
    config.gateway_host = given.text("gatewayHost");
    let port =
        given.take("port").map(|port| port.as_u64().and_then(|port| u16::try_from(port).ok()).unwrap_or(0));
    if port == Some(0) {
        given.wrong("port", "a number from 1 to 65535");
    }
    if given.flag("useLocalHub") {
        if !is_loopback(&config.host) {
            let text = format!(
                "useLocalHub is for a hub on this machine (localhost, 127.0.0.1, [::1]), not for \"{}\"",
                config.host
            );
            return Err(Error::new(Code::LocalHubOnly, text));
        }
        config.local_port = Some(port.unwrap_or(iothub_device::DEFAULT_LOCAL_PORT));
    } else if port.is_some() {
        return Err(argument("\"port\" is only for a local hub: set useLocalHub too".to_owned()));
    }
    Ok(config)
}

fn read_options(given: &mut Given, config: &mut Config) {
    config.model_id = given.text("modelId");
    config.product_info = given.text("productInfo");
    config.clean_session = given.flag("cleanSession");
    let options = &mut config.options;
    if let Some(seconds) = given.number("keepAliveSeconds") {
        options.keep_alive_seconds = u16::try_from(seconds).unwrap_or(options.keep_alive_seconds);
    }
    for (name, slot) in [
        ("tokenLifeSeconds", &mut options.token_life_seconds),
        ("pingAfter", &mut options.ping_after),
        ("pingTimeout", &mut options.ping_timeout),
        ("ackTimeout", &mut options.ack_timeout),
        ("openTimeout", &mut options.open_timeout),
        ("connackTimeout", &mut options.connack_timeout),
        ("drainTimeout", &mut options.drain_timeout),
        ("twinTimeout", &mut options.twin_timeout),
    ] {
        given.time(name, slot);
    }
    given.count("bufferedHighWater", &mut options.buffered_high_water);
    given.waits("backoff", &mut options.backoff_base, &mut options.backoff_cap);
    given.waits("throttled", &mut options.throttled_base, &mut options.throttled_cap);
    given.part("takenOver", &mut |given| {
        options.taken_over_after = given.number("after").unwrap_or(options.taken_over_after);
        given.base_and_cap(&mut options.taken_over_base, &mut options.taken_over_cap);
    });
    given.part("outbox", &mut |given| {
        match given.text("whenFull").as_deref() {
            None => {}
            Some("reject") => options.when_full = WhenFull::Reject,
            Some("drop-oldest") => options.when_full = WhenFull::DropOldest,
            Some(_) => given.wrong("whenFull", "\"reject\" or \"drop-oldest\""),
        }
        given.count("messages", &mut options.outbox_messages);
        given.count("bytes", &mut options.outbox_bytes);
    });
    given.part("window", &mut |given| {
        given.count("messages", &mut options.window_messages);
        given.count("bytes", &mut options.window_bytes);
    });
    given.end();
}
