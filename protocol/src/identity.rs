//! Who a link belongs to: device and module ids, the MQTT client id and the MQTT user name, both ways.
//!
//! Ids stand in client ids, user names and topics as they are, never percent-encoded; the values of the user
//! name's query are encoded. `?` and `=` are legal in ids, so the query is found by its position and start.

use crate::limits::ID_CHARS;
use crate::percent;
use std::fmt;

/// The service version that the client announces; the hub accepts any, or none.
pub const API_VERSION: &str = "2021-04-12";

/// A device, or a module of a device. Case-sensitive.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    /// The device's id.
    pub device_id: String,
    /// The module's id, when the link is a module's.
    pub module_id: Option<String>,
}

/// Why a text can not be an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// Nothing there.
    #[error("the {kind} id is empty")]
    Empty {
        /// `device` or `module`.
        kind: &'static str,
    },
    /// Longer than 128 characters.
    #[error("the {kind} id has {chars} characters, the hub allows {ID_CHARS}")]
    TooLong {
        /// `device` or `module`.
        kind: &'static str,
        /// How many it has.
        chars: usize,
    },
    /// A character that the hub does not allow.
    #[error(
        "the {kind} id has the character '{found}' at position {position}; the hub allows letters, digits and - . + % _ # * ? ! ( ) , : = @ $ '"
    )]
    BadCharacter {
        /// `device` or `module`.
        kind: &'static str,
        /// The character.
        found: char,
        /// Where, counted from 1.
        position: usize,
    },
}

impl Identity {
    /// A checked identity.
    ///
    /// # Errors
    /// [`IdentityError`] when an id breaks the hub's rules.
    pub fn new(device_id: &str, module_id: Option<&str>) -> Result<Self, IdentityError> {
        check_id("device", device_id)?;
        if let Some(module) = module_id {
            check_id("module", module)?;
        }
        Ok(Self { device_id: device_id.to_owned(), module_id: module_id.map(str::to_owned) })
    }

    /// The MQTT client id: `{device}` or `{device}/{module}`.
    #[must_use]
    pub fn client_id(&self) -> String {
        match &self.module_id {
            Some(module) => [&self.device_id, "/", module].concat(),
            None => self.device_id.clone(),
        }
    }

    /// Reads an MQTT client id back. No id holds a `/`, so the first one parts device and module.
    #[must_use]
    pub fn from_client_id(text: &str) -> Self {
        match text.split_once('/') {
            Some((device, module)) => {
                Self { device_id: device.to_owned(), module_id: Some(module.to_owned()) }
            }
            None => Self { device_id: text.to_owned(), module_id: None },
        }
    }

    /// Whether an id has a `+` or `#`. The registry allows both, and the device connects; but MQTT allows them in no
    /// topic that is published to and within no level of a filter (4.7.1), so such a device can neither send telemetry
    /// nor get cloud-to-device messages. The topics of twins and methods hold no id: they work.
    #[must_use]
    pub fn has_wildcard(&self) -> bool {
        self.device_id.contains(['+', '#']) || self.module().is_some_and(|module| module.contains(['+', '#']))
    }

    /// The module's id as text to compare.
    #[must_use]
    pub fn module(&self) -> Option<&str> {
        self.module_id.as_deref()
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.client_id())
    }
}

fn check_id(kind: &'static str, id: &str) -> Result<(), IdentityError> {
    if id.is_empty() {
        return Err(IdentityError::Empty { kind });
    }
    let chars = id.chars().count();
    if chars > ID_CHARS {
        return Err(IdentityError::TooLong { kind, chars });
    }
    match id.chars().enumerate().find(|(_, c)| !is_id_char(*c)) {
        Some((index, found)) => Err(IdentityError::BadCharacter { kind, found, position: index + 1 }),
        None => Ok(()),
    }
}

/// Letters, digits and the documented punctuation. `:` is in some of Microsoft's lists and is let through;
/// `;` is too, but it would end a connection string, so it is not.
fn is_id_char(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(
            c,
            '-' | '.'
                | '+'
                | '%'
                | '_'
                | '#'
                | '*'
                | '?'
                | '!'
                | '('
                | ')'
                | ','
                | ':'
                | '='
                | '@'
                | '$'
                | '\''
        )
}

/// What a CONNECT packet's user name said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserName {
    /// The hub's full name, also when a gateway is dialled.
    pub host: String,
    /// Whose link it is.
    pub identity: Identity,
    /// `api-version`; devices connect without one too.
    pub api_version: Option<String>,
    /// `model-id`: the Plug and Play model that the device announces.
    pub model_id: Option<String>,
    /// `DeviceClientType`: the SDK and its version.
    pub client_type: Option<String>,
}

impl UserName {
    /// Writes it the way the official SDKs do: `{host}/{device}[/{module}]/?api-version=…[&model-id=…]&DeviceClientType=…`.
    #[must_use]
    pub fn write(&self) -> String {
        let api_version = self.api_version.as_deref().unwrap_or(API_VERSION);
        let mut text = [&self.host, "/", &self.identity.client_id(), "/?api-version=", api_version].concat();
        for (name, value) in [("model-id", &self.model_id), ("DeviceClientType", &self.client_type)] {
            if let Some(value) = value {
                text.push('&');
                text.push_str(name);
                text.push('=');
                text.push_str(&percent::encode_component(value));
            }
        }
        text
    }

    /// Reads every form that SDKs have sent since 2016: with `/?`, without the `?`, and without a query.
    ///
    /// Gives nothing when host or device are missing.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut segments: Vec<&str> = text.split('/').collect();
        let query = match segments.last() {
            Some(last) if is_query(last) => segments.pop().map(|q| q.strip_prefix('?').unwrap_or(q)),
            _ => None,
        };
        // `{host}/{device}/` with nothing behind it is the form without a query.
        if segments.len() > 2 && segments.last() == Some(&"") {
            segments.pop();
        }
        let (host, device, module) = match segments.as_slice() {
            [host, device] => (host, device, None),
            [host, device, module] => (host, device, Some((*module).to_owned())),
            _ => return None,
        };
        if host.is_empty() || device.is_empty() {
            return None;
        }
        Some(Self {
            host: (*host).to_owned(),
            identity: Identity { device_id: (*device).to_owned(), module_id: module },
            api_version: query_value(query, "api-version"),
            model_id: query_value(query, "model-id"),
            client_type: query_value(query, "DeviceClientType"),
        })
    }
}

fn is_query(segment: &str) -> bool {
    segment.starts_with('?')
        || segment.starts_with("api-version=")
        || segment.starts_with("DeviceClientType=")
}

fn query_value(query: Option<&str>, wanted: &str) -> Option<String> {
    query?
        .split('&')
        .filter_map(|field| field.split_once('='))
        .find(|(name, _)| *name == wanted)
        .map(|(_, value)| percent::decode(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn every_user_name_form_that_was_ever_sent_is_read() {
        // PROTOCOL 2.2: who sends what.
        let same = [
            "h.net/d/?api-version=2021-04-12&model-id=dtmi:com:example:Thermostat;1&DeviceClientType=azure-iot-device%2F1.18.4%20(node)",
            "h.net/d/?api-version=2020-09-30&DeviceClientType=x&model-id=dtmi%3acom%3aexample%3aThermostat%3b1",
            "h.net/d/api-version=2020-09-30&model-id=dtmi:com:example:Thermostat;1",
        ];
        for text in same {
            let read = UserName::parse(text).unwrap();
            assert_eq!((read.host.as_str(), read.identity.to_string().as_str()), ("h.net", "d"));
            assert_eq!(read.model_id.as_deref(), Some("dtmi:com:example:Thermostat;1"), "{text}");
        }
        assert_eq!(UserName::parse("h.net/d").unwrap().api_version, None);
        assert_eq!(UserName::parse("h.net/d/").unwrap().identity.module_id, None);
        let module = UserName::parse("h.net/d/m/?api-version=2019-10-01").unwrap();
        assert_eq!(module.identity.to_string(), "d/m");
    }

    #[test]
    fn question_and_equals_signs_are_legal_in_ids() {
        let read = UserName::parse("h.net/a=b?c/?api-version=1").unwrap();
        assert_eq!(read.identity.device_id, "a=b?c");
    }

    #[test]
    fn the_first_of_two_equal_fields_wins() {
        assert_eq!(
            UserName::parse("h/d/?api-version=1&api-version=2").unwrap().api_version.as_deref(),
            Some("1")
        );
    }

    #[test]
    fn ids_are_checked_with_the_place_of_the_fault() {
        assert!(Identity::new("dev-1.+%_#*?!(),:=@$'", None).is_ok());
        let error = Identity::new("dev/1", None).unwrap_err();
        assert_eq!(error, IdentityError::BadCharacter { kind: "device", found: '/', position: 4 });
        assert!(matches!(
            Identity::new(&"x".repeat(129), None),
            Err(IdentityError::TooLong { chars: 129, .. })
        ));
        assert!(matches!(Identity::new("d", Some("")), Err(IdentityError::Empty { kind: "module" })));
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest::proptest! {
        #[test]
        fn a_written_user_name_is_read_back(
            device in "[a-zA-Z0-9.+%_#*!(),=@$'-]{1,20}",
            module in proptest::option::of("[a-zA-Z0-9._-]{1,20}"),
            model in proptest::option::of(".{1,20}"),
            client in proptest::option::of(".{1,20}"),
        ) {
            let name = UserName {
                host: "h.net".into(),
                identity: Identity { device_id: device, module_id: module },
                api_version: Some(API_VERSION.into()),
                model_id: model,
                client_type: client,
            };
            proptest::prop_assert_eq!(UserName::parse(&name.write()), Some(name));
        }

        #[test]
        fn reading_never_panics(text in ".*") {
            let _ = UserName::parse(&text);
        }
    }
}
