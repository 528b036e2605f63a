//! Shared access signatures: made by the device and by service clients, checked by the hub.
//!
//! The one rule that most servers get wrong: the text that is signed is the `sr` value *byte for byte as it
//! stands in the token*, then a line feed, then the decimal `se`. Escaping differs from SDK to SDK (upper-case
//! hex, lower-case hex, raw slashes), so a checker must never encode `sr` again.

use crate::base64_text::{decode, encode};
use crate::percent;
use crate::secret::Secret;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::fmt;
use zeroize::Zeroizing;

/// A shared access key, decoded; wiped when dropped, never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(Zeroizing<Vec<u8>>);

/// Why a text is not a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// Not base64: usually cut off while copying.
    #[error("the key is not base64 ({chars} characters{}): copy the whole primary key again", if chars % 4 == 0 { "" } else { ", not a multiple of 4" })]
    NotBase64 {
        /// Characters in the text that was given.
        chars: usize,
    },
    /// Nothing there.
    #[error("the key is empty: copy the primary key of the device")]
    Empty,
}

impl Key {
    /// Decodes a key as the portal shows it.
    ///
    /// # Errors
    /// [`KeyError`] when the text is empty or not base64; copy the key again.
    pub fn from_base64(text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(KeyError::Empty);
        }
        match decode(text) {
            Some(bytes) => Ok(Self(Zeroizing::new(bytes))),
            None => Err(KeyError::NotBase64 { chars: text.chars().count() }),
        }
    }

    /// A key of these bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.to_vec()))
    }

    /// The key as base64 text, for a registry's answer or a connection string.
    #[must_use]
    pub fn to_base64(&self) -> Secret {
        Secret::new(encode(&self.0))
    }

    /// Decoded length in bytes.
    #[must_use]
    pub fn byte_len(&self) -> usize {
        self.0.len()
    }

    fn mac(&self) -> Hmac<Sha256> {
        // HMAC takes a key of any length, so the error arm can not be reached; it would only sign with an
        // empty key, which no hub accepts.
        Hmac::new_from_slice(&self.0).unwrap_or_else(|_| Hmac::new(&Default::default()))
    }

    /// Base64 of HMAC-SHA256 of `text`: the signature of a token, or a key derived from a group key.
    #[must_use]
    pub fn sign(&self, text: &str) -> String {
        let mut mac = self.mac();
        mac.update(text.as_bytes());
        encode(&mac.finalize().into_bytes())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key([redacted], {} bytes)", self.0.len())
    }
}

/// The key of one device of an enrolment group (DPS): base64(HMAC-SHA256(group key, registration id)).
#[must_use]
pub fn derive_device_key(group_key: &Key, registration_id: &str) -> Secret {
    Secret::new(group_key.sign(registration_id))
}

/// The `sr` of a device or module: `{host}/devices/{device}[/modules/{module}]`, escaped for a token.
#[must_use]
pub fn device_audience(host: &str, device_id: &str, module_id: Option<&str>) -> String {
    percent::encode_strict(&resource(host, device_id, module_id))
}

fn resource(host: &str, device_id: &str, module_id: Option<&str>) -> String {
    match module_id {
        Some(module) => [host, "/devices/", device_id, "/modules/", module].concat(),
        None => [host, "/devices/", device_id].concat(),
    }
}

/// Makes a token. `sr` goes in as given (see [`device_audience`]), `policy` becomes `skn`.
#[must_use]
pub fn make_token(sr: &str, key: &Key, expires_unix_seconds: u64, policy: Option<&str>) -> Secret {
    let expires = expires_unix_seconds.to_string();
    let signature = percent::encode_strict(&key.sign(&[sr, "\n", &expires].concat()));
    let mut token = ["SharedAccessSignature sr=", sr, "&sig=", &signature, "&se=", &expires].concat();
    if let Some(policy) = policy {
        token.push_str("&skn=");
        token.push_str(&percent::encode_strict(policy));
    }
    Secret::new(token)
}

/// Why a text is not a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The text does not start with `SharedAccessSignature` and one space.
    #[error("a token starts with \"SharedAccessSignature \" and then has its fields")]
    NotASignature,
    /// A field that every token has is missing.
    #[error("the token has no \"{0}\" field")]
    Missing(&'static str),
    /// `se` is not a number of seconds.
    #[error("the token's \"se\" is not a number of seconds since 1970")]
    BadExpiry,
    /// `sig` is not the base64 of a SHA-256 MAC.
    #[error("the token's \"sig\" is not a signature in base64")]
    BadSignature,
}

/// A token taken apart. It keeps `sr` and `se` as they stood, because that is what was signed.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    raw_sr: String,
    raw_se: String,
    signature: Vec<u8>,
    expires: u64,
    policy: Option<String>,
}

impl Token {
    /// Takes a token apart. Fields may come in any order and their names in any case.
    ///
    /// # Errors
    /// [`TokenError`] says which part is missing or malformed.
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        let mut parts = text.split_ascii_whitespace();
        let (scheme, fields) = match (parts.next(), parts.next(), parts.next()) {
            (Some(scheme), Some(fields), None) => (scheme, fields),
            _ => return Err(TokenError::NotASignature),
        };
        if !scheme.eq_ignore_ascii_case("SharedAccessSignature") {
            return Err(TokenError::NotASignature);
        }
        let field = |wanted: &str| {
            fields
                .split('&')
                .filter_map(|field| field.split_once('='))
                .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
                .map(|(_, value)| value)
        };
        let raw_sr = field("sr").ok_or(TokenError::Missing("sr"))?;
        let sig = field("sig").ok_or(TokenError::Missing("sig"))?;
        let raw_se = field("se").ok_or(TokenError::Missing("se"))?;
        Ok(Self {
            raw_sr: raw_sr.to_owned(),
            raw_se: raw_se.to_owned(),
            signature: decode(&percent::decode(sig)).ok_or(TokenError::BadSignature)?,
            expires: parse_seconds(raw_se).ok_or(TokenError::BadExpiry)?,
            // The C SDK ends every token with an empty `skn`: that is no policy at all.
            policy: field("skn").filter(|name| !name.is_empty()).map(percent::decode),
        })
    }

    /// When the token ends, in seconds since 1970 (UTC).
    #[must_use]
    pub fn expires(&self) -> u64 {
        self.expires
    }

    /// The policy that signed it (`skn`); none for the key of a device or module.
    #[must_use]
    pub fn policy(&self) -> Option<&str> {
        self.policy.as_deref()
    }

    /// What the token is for: `sr`, decoded. Safe to log.
    #[must_use]
    pub fn audience(&self) -> String {
        percent::decode(&self.raw_sr)
    }

    /// Whether one of `keys` made it. Both keys of an identity are tried, in constant time each.
    #[must_use]
    pub fn is_signed_by<'k>(&self, keys: impl IntoIterator<Item = &'k Key>) -> bool {
        keys.into_iter().any(|key| {
            let mut mac = key.mac();
            mac.update(self.raw_sr.as_bytes());
            mac.update(b"\n");
            mac.update(self.raw_se.as_bytes());
            mac.verify_slice(&self.signature).is_ok()
        })
    }

    /// Whether the audience covers the identity: equal to it, a prefix of it in whole segments (policy
    /// tokens), or the identity with the user name's query behind it (some tools append that). The host's case
    /// is ignored, the ids' case is not: the registry is case-sensitive.
    #[must_use]
    pub fn covers(&self, host: &str, device_id: &str, module_id: Option<&str>) -> bool {
        let (audience, wanted) = (self.audience(), resource(host, device_id, module_id));
        let is_query = |text: &str| text.trim_start_matches('?').starts_with("api-version=");
        // Only behind the whole identity: an id may begin with `api-version=` too.
        let named = audience.rsplit_once('/').filter(|(_, last)| is_query(last)).map(|(before, _)| before);
        is_at_or_above(&audience, &wanted)
            || named.is_some_and(|named| {
                named.split('/').count() == wanted.split('/').count() && is_at_or_above(named, &wanted)
            })
    }

    /// Whether the audience covers a path below the host (`/devices/d`, decoded); for service calls.
    #[must_use]
    pub fn covers_path(&self, host: &str, path: &str) -> bool {
        is_at_or_above(&self.audience(), &format!("{host}/{}", path.trim_matches('/')))
    }
}

/// Whole segments decide: `h/a` is above `h/a/b` and not above `h/ab`. The first one, the host, has no case.
fn is_at_or_above(audience: &str, wanted: &str) -> bool {
    let mut want = wanted.split('/');
    audience.trim_end_matches('/').split('/').enumerate().all(|(at, have)| {
        want.next().is_some_and(|want| if at == 0 { have.eq_ignore_ascii_case(want) } else { have == want })
    })
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token(audience {}, expires {}, signature [redacted])", self.audience(), self.expires)
    }
}

/// Whole seconds of `se`; a fraction is accepted because Microsoft's own checker reads a floating number.
fn parse_seconds(text: &str) -> Option<u64> {
    let whole = match text.split_once('.') {
        Some((whole, fraction)) if fraction.bytes().all(|b| b.is_ascii_digit()) => whole,
        Some(_) => return None,
        None => text,
    };
    if whole.is_empty() || !whole.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    whole.parse().ok()
}
