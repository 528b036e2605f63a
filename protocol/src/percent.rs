//! Percent-encoding as the official SDKs do it; used by SAS, property bags, user names and REST paths.
//!
//! Two habits matter here: a space is `%20` and a plus sign is a plus sign (never a space), and malformed
//! escapes are kept as text so that one odd property never loses a whole message.

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// Whether `encodeURIComponent` leaves this byte alone: letters, digits and ``- _ . ! ~ * ' ( )``.
const fn is_component_safe(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'-' | b'_' | b'.' | b'!' | b'~' | b'*' | b'\'' | b'(' | b')')
}

/// Whether strict (RFC 3986) encoding leaves this byte alone: letters, digits and `- _ . ~`.
const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~')
}

fn push_encoded(out: &mut Vec<u8>, text: &[u8], keep: fn(u8) -> bool) {
    for &byte in text {
        if keep(byte) {
            out.push(byte);
        } else {
            out.extend_from_slice(&[b'%', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
    }
}

/// Appends `text` to `out` the way `encodeURIComponent` writes it. The hot path of telemetry uses this.
pub fn encode_component_into(out: &mut Vec<u8>, text: &[u8]) {
    push_encoded(out, text, is_component_safe);
}

/// `text` the way `encodeURIComponent` writes it.
#[must_use]
pub fn encode_component(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    encode_component_into(&mut out, text.as_bytes());
    into_ascii(&out)
}

/// `text` with everything but RFC 3986's unreserved characters escaped; used for the `sr` and `sig` of SAS.
#[must_use]
pub fn encode_strict(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len() + text.len() / 2);
    push_encoded(&mut out, text.as_bytes(), is_unreserved);
    into_ascii(&out)
}

/// The encoders write ASCII only: nothing to check, and no checker to be compiled before the first CONNECT.
fn into_ascii(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// Percent-decoded `text`. Malformed escapes stay as they are; bytes that are not UTF-8 become U+FFFD.
#[must_use]
pub fn decode(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        if let Some(byte) = escaped_byte(&bytes[at..]) {
            out.push(byte);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    match String::from_utf8(out) {
        Ok(text) => text,
        Err(error) => lossy(error.as_bytes()),
    }
}

/// As `String::from_utf8_lossy`, whose iterator weighs a page down for what happens to one odd property.
fn lossy(mut bytes: &[u8]) -> String {
    let mut text = String::new();
    loop {
        let (good, fault) = match std::str::from_utf8(bytes) {
            Ok(rest) => return text + rest,
            Err(fault) => (fault.valid_up_to(), fault.error_len()),
        };
        let (valid, rest) = bytes.split_at(good);
        text.push_str(std::str::from_utf8(valid).unwrap_or_default());
        text.push('\u{fffd}');
        // No length: the text ends within a character.
        bytes = rest.get(fault.unwrap_or(rest.len())..).unwrap_or_default();
    }
}

fn escaped_byte(bytes: &[u8]) -> Option<u8> {
    match bytes {
        [b'%', high, low, ..] => Some(hex_digit(*high)? << 4 | hex_digit(*low)?),
        _ => None,
    }
}

const fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_space_is_percent_20_and_a_plus_stays_a_plus() {
        assert_eq!(encode_component("a b+c"), "a%20b%2Bc");
        assert_eq!(decode("a+b%2Bc%20d"), "a+b+c d");
    }

    #[test]
    fn malformed_escapes_are_kept_as_text() {
        for text in ["%", "%z", "%zz=1", "100%", "%4"] {
            assert_eq!(decode(text), text);
        }
    }

    #[test]
    fn component_encoding_leaves_what_javascript_leaves() {
        assert_eq!(encode_component("q!'()*~-_."), "q!'()*~-_.");
        assert_eq!(encode_strict("q!'()*~-_."), "q%21%27%28%29%2A~-_.");
        assert_eq!(encode_component("ä/€"), "%C3%A4%2F%E2%82%AC");
    }

    #[test]
    fn bytes_that_are_not_utf8_do_not_fail() {
        assert_eq!(decode("%FF"), "\u{fffd}");
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest::proptest! {
        #[test]
        fn decoding_undoes_both_encodings(text in ".*") {
            proptest::prop_assert_eq!(decode(&encode_component(&text)), text.clone());
            proptest::prop_assert_eq!(decode(&encode_strict(&text)), text);
        }

        #[test]
        fn decoding_never_panics(text in "(%|[0-9a-fA-F]|.)*") {
            let _ = decode(&text);
        }
    }
}
