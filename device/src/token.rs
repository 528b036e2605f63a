//! Where the password of a CONNECT comes from: signed here, given once, or asked of the application.

use crate::clock::Clock;
use crate::config::{Config, Credentials};
use crate::error::{Code, Error};
use iothub_protocol::sas::{self, Token};
use iothub_protocol::secret::Secret;
use iothub_protocol::time;

/// A token that is good for a CONNECT.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub(crate) token: Secret,
    /// Seconds since 1970.
    pub(crate) expires: u64,
}

/// A token with less life than this is not worth a connection.
const WORTHLESS: u64 = 5;

impl Held {
    /// Takes a token over after checking that it can work at all.
    pub(crate) fn check(token: Secret, config: &Config, at: Clock, from: &str) -> Result<Self, Error> {
        let parsed = Token::parse(token.expose())
            .map_err(|error| Error::new(Code::TokenProvider, format!("{from} gave no SAS token: {error}")))?;
        if !parsed.covers(&config.host, &config.identity.device_id, config.identity.module()) {
            return Err(Error::new(
                Code::TokenProvider,
                format!(
                    "{from} gave a token for \"{}\", needed is one for \"{}/devices/{}\": sign for that audience",
                    parsed.audience(),
                    config.host,
                    config.identity.device_id
                ),
            ));
        }
        let held = Self { token, expires: parsed.expires() };
        match held.ended(at) {
            None => Ok(held),
            Some(ended) => Err(Error::new(
                Code::ClockOff,
                format!(
                    "{from} gave a token that can not work{ended}: set the clock of this machine, or of the one that signs"
                ),
            )),
        }
    }

    /// A ready-made token, as it was given.
    pub(crate) fn given(token: Secret) -> Result<Self, Error> {
        match Token::parse(token.expose()) {
            Ok(parsed) => Ok(Self { token, expires: parsed.expires() }),
            Err(error) => {
                Err(Error::new(Code::Argument, format!("the SharedAccessSignature is no SAS token: {error}")))
            }
        }
    }

    /// The evidence that the token is past its end by this machine's clock.
    pub(crate) fn ended(&self, at: Clock) -> Option<String> {
        let iso = |seconds: u64| {
            time::format_millis(i64::try_from(seconds.saturating_mul(1000)).unwrap_or(i64::MAX))
        };
        (self.expires <= at.unix_seconds()).then(|| {
            format!(
                " (it ended at {}, this machine says it is {})",
                iso(self.expires),
                iso(at.unix_seconds())
            )
        })
    }

    /// Whether it has not ended.
    pub(crate) fn lasts(&self, at: Clock) -> bool {
        self.expires > at.unix_seconds()
    }

    /// Whether it has enough life left for a connection.
    pub(crate) fn is_good(&self, at: Clock) -> bool {
        self.expires > at.unix_seconds() + WORTHLESS
    }
}

/// Signs a token with the device's key; none when the credentials are of another kind.
pub(crate) fn sign(config: &Config, at: Clock) -> Option<Held> {
    match &config.credentials {
        Credentials::Key(key) => {
            let expires = at.unix_seconds() + config.options.token_life_seconds;
            Some(Held { token: sas::make_token(&audience(config), key, expires, None), expires })
        }
        _ => None,
    }
}

/// What a token has to be for.
pub(crate) fn audience(config: &Config) -> String {
    sas::device_audience(&config.host, &config.identity.device_id, config.identity.module())
}
