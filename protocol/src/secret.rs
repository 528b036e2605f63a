//! Values that must never be seen: device keys, and tokens beyond their audience and expiry.
//!
//! A [`Secret`] prints `[redacted]` wherever it is formatted and is wiped from memory when it is dropped or
//! replaced. Whoever needs the text says so with [`Secret::expose`], which is easy to search for.

use std::fmt;
use zeroize::Zeroizing;

/// A text that formats as `[redacted]` and is wiped on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over; no copy of it is left behind.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself. Only code that signs, verifies or writes a CONNECT packet calls this.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::new(text.to_owned())
    }
}

/// A secret in a text of somebody else, which wipes it: formats as `[redacted]`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SecretPart<'t>(&'t str);

impl<'t> SecretPart<'t> {
    /// A part of a text.
    #[must_use]
    pub fn new(text: &'t str) -> Self {
        Self(text)
    }

    /// The text itself, as [`Secret::expose`].
    #[must_use]
    pub fn expose(self) -> &'t str {
        self.0
    }
}

impl fmt::Debug for SecretPart<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_secret_never_prints_itself() {
        let secret = Secret::from("AAECAwQF");
        assert_eq!(format!("{secret} {secret:?} {:#?}", Some(&secret)).matches("AAEC").count(), 0);
        assert_eq!(secret.expose(), "AAECAwQF");
        let part = SecretPart::new("AAECAwQF");
        assert_eq!(format!("{part:?} {:#?}", Some(&part)).matches("AAEC").count(), 0);
    }
}
