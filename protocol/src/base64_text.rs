//! Base64 in its standard, padded form: what keys and signatures are written in. Called by `sas.rs` only.
//!
//! Done here, because the crate is built for megabytes at a time and weighs more in a page than all else that signs
//! (docs/decisions/0005); the tests hold the two against each other.

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for part in bytes.chunks(3) {
        let [a, b, c] = std::array::from_fn(|at| u32::from(part.get(at).copied().unwrap_or(0)));
        let bits = a << 16 | b << 8 | c;
        for at in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * at) & 63) as usize];
            out.push(if at <= part.len() { char::from(letter) } else { '=' });
        }
    }
    out
}

/// The bytes; none for text that the standard form does not have: other letters, wrong padding, bits left over.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let text = text.as_bytes();
    let letters = text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"=")).unwrap_or(text);
    if !text.len().is_multiple_of(4) || letters.len() % 4 == 1 {
        return None;
    }
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0u32, 0u32);
    for letter in letters {
        bits = bits << 6 | u32::from(value_of(*letter)?);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count & 0xff) as u8);
        }
    }
    (bits & ((1 << count) - 1) == 0).then_some(out)
}

fn value_of(letter: u8) -> Option<u8> {
    match letter {
        b'A'..=b'Z' => Some(letter - b'A'),
        b'a'..=b'z' => Some(letter - b'a' + 26),
        b'0'..=b'9' => Some(letter - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn agree(text: &str) -> bool {
        decode(text) == STANDARD.decode(text).ok()
    }

    #[test]
    fn it_reads_what_the_crate_reads_and_refuses_what_the_crate_refuses() {
        for text in
            ["", "QQ==", "QUI=", "QUJD", "QQ", "QQ=", "QQ===", "=", "==", "====", "A===", "QR==", "QUJ="]
        {
            assert!(agree(text), "{text}");
        }
        for length in 0..70u8 {
            let bytes: Vec<u8> = (0..length).map(|n| n.wrapping_mul(37)).collect();
            assert_eq!(encode(&bytes), STANDARD.encode(&bytes));
            assert_eq!(decode(&encode(&bytes)), Some(bytes));
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest::proptest! {
        #[test]
        fn of_any_text_both_say_the_same(text in "[A-Za-z0-9+/=é ]{0,12}") {
            proptest::prop_assert!(agree(&text), "{text}");
        }

        #[test]
        fn of_any_letters_both_say_the_same(text in "([A-Za-z0-9+/]{4}){0,3}[A-Za-z0-9+/]{1,3}={0,3}") {
            proptest::prop_assert!(agree(&text), "{text}");
        }
    }
}
