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
    }
}
