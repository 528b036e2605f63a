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

    /// Put together only for an error: most pages never need it.
    fn place(&self) -> String {
        match self.part {
            Some(part) => format!("{}.{part}", self.what),
            None => self.what.to_owned(),
        }
    }

    fn refuse(&mut self, text: String) {
        if self.fault.is_ok() {
            self.fault = Err(argument(text));
        }
    }

    fn wrong(&mut self, name: &str, wanted: &str) {
        self.refuse(format!("\"{name}\" in the {} is not {wanted}", self.place()));
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

    /// A whole number up to `most`, when the field is there.
    fn whole(&mut self, name: &str, most: u64) -> Option<u64> {
        let number = self.take(name)?.as_u64().filter(|number| *number <= most);
        if number.is_none() {
            self.wrong(name, "a whole number in its range");
        }
        number
    }

    /// Sets a number when the field is there.
    fn number(&mut self, name: &str, slot: &mut u64) {
        if let Some(number) = self.whole(name, u64::MAX) {
            *slot = number;
        }
    }

    /// Sets a count when the field is there.
    fn count(&mut self, name: &str, slot: &mut usize) {
        if let Some(number) = self.whole(name, usize::MAX as u64) {
            *slot = usize::try_from(number).unwrap_or(*slot);
        }
    }

    /// Reads the object in a field; none there is like an empty one.
    fn part(&mut self, name: &'a str, read: &mut dyn FnMut(&mut Self)) {
        let fields = match self.take(name) {
            None => return,
            Some(Json::Object(fields)) => fields,
            Some(_) => return self.refuse(format!("\"{}.{name}\" is not an object", self.what)),
        };
        let fault = std::mem::replace(&mut self.fault, Ok(()));
        let mut part = Self { what: self.what, part: Some(name), fields, fault };
        read(&mut part);
        part.end();
        self.fault = part.fault;
    }

    fn waits(&mut self, name: &'a str, base: &mut u64, cap: &mut u64) {
        self.part(name, &mut |given| {
            given.number("base", base);
            given.number("cap", cap);
        });
    }

    fn end(&mut self) {
        let left = self.fields.iter().next();
        if let Some(text) =
            left.map(|(name, _)| format!("\"{name}\" is no field of the {}: see the types", self.place()))
        {
            self.refuse(text);
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
    let port = given.whole("port", u16::MAX.into()).and_then(|port| u16::try_from(port).ok()).unwrap_or(0);
    if given.flag("useLocalHub") {
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

fn read_options(given: &mut Given, config: &mut Config) {
    config.model_id = given.text("modelId");
    config.product_info = given.text("productInfo");
    config.clean_session = given.flag("cleanSession");
    let options = &mut config.options;
    let keep_alive = given.whole("keepAliveSeconds", u16::MAX.into());
    options.keep_alive_seconds =
        keep_alive.and_then(|seconds| u16::try_from(seconds).ok()).unwrap_or(options.keep_alive_seconds);
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
        given.number(name, slot);
    }
    given.count("bufferedHighWater", &mut options.buffered_high_water);
    given.waits("backoff", &mut options.backoff_base, &mut options.backoff_cap);
    given.waits("throttled", &mut options.throttled_base, &mut options.throttled_cap);
    given.part("takenOver", &mut |given| {
        let after = given.whole("after", u32::MAX.into());
        options.taken_over_after =
            after.and_then(|after| u32::try_from(after).ok()).unwrap_or(options.taken_over_after);
        given.number("base", &mut options.taken_over_base);
        given.number("cap", &mut options.taken_over_cap);
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
