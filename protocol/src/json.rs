//! JSON for the device side: small enough for a page. Used by the device's twin and by the options at the border.
//!
//! The hub uses serde_json; in a page its maps, its numbers and its errors weigh more than the rest of the device
//! (docs/decisions/0004). Here an object is a list, and a number stays the text it was written with, so nothing is
//! rounded on the way through.

use std::fmt::Write as _;

/// A JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// As it was written.
    Number(String),
    /// Unescaped.
    String(String),
    /// In order.
    Array(Vec<Json>),
    /// See [`Object`].
    Object(Object),
}

/// An object; names are unique, order is that of writing.
#[derive(Debug, Clone, Default)]
pub struct Object(Vec<(String, Json)>);

/// Text that is not JSON, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no JSON at byte {at}")]
pub struct NotJson {
    /// Bytes before the fault.
    pub at: usize,
}

/// Deeper nesting than any twin has is refused, so that no text can exhaust the stack.
const DEPTH: usize = 64;

impl Json {
    /// Reads a text that is one value.
    ///
    /// # Errors
    /// [`NotJson`] with the place of the fault.
    pub fn parse(text: &str) -> Result<Self, NotJson> {
        let mut reader = Reader { text, at: 0 };
        let value = reader.value(DEPTH)?;
        reader.skip_space();
        if reader.at == text.len() { Ok(value) } else { Err(reader.fault()) }
    }

    /// Reads bytes that are one value in UTF-8.
    ///
    /// # Errors
    /// [`NotJson`] with the place of the fault.
    pub fn parse_bytes(bytes: &[u8]) -> Result<Self, NotJson> {
        let text = std::str::from_utf8(bytes).map_err(|error| NotJson { at: error.valid_up_to() })?;
        Self::parse(text)
    }

    /// The object, if it is one.
    #[must_use]
    pub fn into_object(self) -> Option<Object> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The whole number, if it is one that fits.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Number(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// The text, if it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Bool(true) => out.push_str("true"),
            Self::Bool(false) => out.push_str("false"),
            Self::Number(text) => out.push_str(text),
            Self::String(text) => write_string(text, out),
            Self::Array(items) => {
                out.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(',');
                    }
                    item.write(out);
                }
                out.push(']');
            }
            Self::Object(object) => object.write_into(out),
        }
    }
}

impl Object {
    /// The value of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Json> {
        self.0.iter().find(|(have, _)| have == name).map(|(_, value)| value)
    }

    /// The value of a name, to change it.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Json> {
        self.0.iter_mut().find(|(have, _)| have == name).map(|(_, value)| value)
    }

    /// Sets a name's value.
    pub fn insert(&mut self, name: &str, value: Json) {
        match self.get_mut(name) {
            Some(old) => *old = value,
            None => self.0.push((name.to_owned(), value)),
        }
    }

    /// Takes a name out.
    pub fn remove(&mut self, name: &str) -> Option<Json> {
        let index = self.0.iter().position(|(have, _)| have == name)?;
        Some(self.0.remove(index).1)
    }

    /// Keeps the names that `keep` says.
    pub fn retain_names(&mut self, keep: impl Fn(&str) -> bool) {
        self.0.retain(|(name, _)| keep(name));
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Its text.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        self.write_into(&mut out);
        out
    }

    fn write_into(&self, out: &mut String) {
        out.push('{');
        for (index, (name, value)) in self.0.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            write_string(name, out);
            out.push(':');
            value.write(out);
        }
        out.push('}');
    }
}

/// Order carries no meaning.
impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.0.len() == other.0.len() && self.iter().all(|(name, value)| other.get(name) == Some(value))
    }
}

impl Eq for Object {}

fn write_string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c if c < ' ' => {
                // Writing to a String can not fail.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl Reader<'_> {
    fn fault(&self) -> NotJson {
        NotJson { at: self.at }
    }

    /// What was read from there on; both ends are where a character begins.
    fn since(&self, start: usize) -> &str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Takes this byte if it is next.
    fn take(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, byte: u8) -> Result<(), NotJson> {
        if self.take(byte) { Ok(()) } else { Err(self.fault()) }
    }

    fn value(&mut self, depth: usize) -> Result<Json, NotJson> {
        let Some(deeper) = depth.checked_sub(1) else { return Err(self.fault()) };
        self.skip_space();
        match self.peek() {
            Some(b'{') => self.object(deeper).map(Json::Object),
            Some(b'[') => self.array(deeper).map(Json::Array),
            Some(b'"') => self.string().map(Json::String),
            Some(b'-' | b'0'..=b'9') => self.number().map(Json::Number),
            _ => self.word(),
        }
    }

    fn word(&mut self) -> Result<Json, NotJson> {
        for (word, value) in [("null", Json::Null), ("true", Json::Bool(true)), ("false", Json::Bool(false))]
        {
            if self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.fault())
    }

    fn object(&mut self, depth: usize) -> Result<Object, NotJson> {
        self.expect(b'{')?;
        let mut object = Object::default();
        self.skip_space();
        if self.take(b'}') {
            return Ok(object);
        }
        loop {
            self.skip_space();
            let name = self.string()?;
            self.skip_space();
            self.expect(b':')?;
            let value = self.value(depth)?;
            object.insert(&name, value);
            self.skip_space();
            if self.take(b'}') {
                return Ok(object);
            }
            self.expect(b',')?;
        }
    }

    fn array(&mut self, depth: usize) -> Result<Vec<Json>, NotJson> {
        self.expect(b'[')?;
        let mut items = Vec::new();
        self.skip_space();
        if self.take(b']') {
            return Ok(items);
        }
        loop {
            items.push(self.value(depth)?);
            self.skip_space();
            if self.take(b']') {
                return Ok(items);
            }
            self.expect(b',')?;
        }
    }

    fn digits(&mut self) -> Result<(), NotJson> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        if self.at > start { Ok(()) } else { Err(self.fault()) }
    }

    fn number(&mut self) -> Result<String, NotJson> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits()?;
        }
        if self.take(b'.') {
            self.digits()?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            self.digits()?;
        }
        Ok(self.since(start).to_owned())
    }

    fn string(&mut self) -> Result<String, NotJson> {
        self.expect(b'"')?;
        let mut out = String::new();
        loop {
            let start = self.at;
            while self.peek().is_some_and(|byte| byte >= b' ' && byte != b'"' && byte != b'\\') {
                self.at += 1;
            }
            // Both ends are at ASCII bytes or at the text's end: a character is never cut.
            out.push_str(self.since(start));
            if self.take(b'"') {
                return Ok(out);
            }
            self.expect(b'\\')?;
            out.push(self.escape()?);
        }
    }

    fn escape(&mut self) -> Result<char, NotJson> {
        let fault = self.fault();
        let byte = self.peek().ok_or(fault)?;
        self.at += 1;
        Ok(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(),
            _ => return Err(fault),
        })
    }

    fn unicode(&mut self) -> Result<char, NotJson> {
        let high = self.hex4()?;
        let code = match high {
            0xd800..=0xdbff => {
                self.expect(b'\\')?;
                self.expect(b'u')?;
                let low = self.hex4()?.wrapping_sub(0xdc00);
                if low > 0x3ff {
                    return Err(self.fault());
                }
                0x10000 + ((high - 0xd800) << 10) + low
            }
            code => code,
        };
        char::from_u32(code).ok_or_else(|| self.fault())
    }

    fn hex4(&mut self) -> Result<u32, NotJson> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4).ok_or_else(|| self.fault())?;
        let mut code = 0;
        for digit in digits {
            code = code << 4 | char::from(*digit).to_digit(16).ok_or_else(|| self.fault())?;
        }
        self.at += 4;
        Ok(code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    /// What serde_json makes of the text, in its own writing.
    fn foreign(text: &str) -> Option<Value> {
        serde_json::from_str(text).ok()
    }

    fn ours(text: &str) -> Option<Value> {
        let mut out = String::new();
        Json::parse(text).ok()?.write(&mut out);
        Some(serde_json::from_str(&out).unwrap_or_else(|error| panic!("wrote {out}: {error}")))
    }

    #[test]
    fn it_reads_and_refuses_what_serde_json_does() {
        for text in [
            "{}",
            "[]",
            " [1 , -2.5e+3,0] ",
            r#"{"a":{"b":null},"c":[true,false]}"#,
            r#""\u00e4\ud83d\ude00\n\"""#,
            r#"{"a":1,"a":2}"#,
            "",
            "{",
            "[1,]",
            "01",
            "1.",
            "-",
            "tru",
            r#""\ud83d""#,
            r#""\x""#,
            "\"a\nb\"",
            "{\"a\":}",
            "[1]x",
            "nul",
            "1e",
            r#"{"a" 1}"#,
            "\u{feff}1",
        ] {
            assert_eq!(ours(text), foreign(text), "{text}");
        }
    }

    #[test]
    fn a_number_stays_as_it_was_written() {
        let object =
            Json::parse(r#"{"a":1.10,"b":123456789012345678901234567890}"#).unwrap().into_object().unwrap();
        assert_eq!(object.to_text(), r#"{"a":1.10,"b":123456789012345678901234567890}"#);
    }

    #[test]
    fn order_carries_no_meaning() {
        let read = |text| Json::parse(text).unwrap();
        assert_eq!(read(r#"{"a":1,"b":[{"x":1,"y":2}]}"#), read(r#"{"b":[{"y":2,"x":1}],"a":1}"#));
        assert_ne!(read(r#"{"a":1}"#), read(r#"{"a":1,"b":2}"#));
    }

    #[test]
    fn nesting_beyond_reason_is_refused() {
        assert!(Json::parse(&"[".repeat(100_000)).is_err());
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest::proptest! {
        #[test]
        fn any_text_is_read_as_serde_json_reads_it(text in r#"([\[\]{}:,"\\ue0-9.-]|true|null|"a"|\s){0,40}"#) {
            let foreign = foreign(&text);
            // Numbers that serde_json calls out of range are still numbers to us.
            if foreign.is_some() {
                proptest::prop_assert_eq!(ours(&text), foreign);
            } else if let Ok(read) = Json::parse(&text) {
                let shown = format!("{read:?}");
                proptest::prop_assert!(shown.contains("Number"), "{}", shown);
            }
        }

        #[test]
        fn any_string_round_trips(text in ".*") {
            let written = serde_json::to_string(&text).unwrap();
            let read = Json::parse(&written).unwrap();
            proptest::prop_assert_eq!(read.as_str(), Some(text.as_str()));
            let mut out = String::new();
            read.write(&mut out);
            proptest::prop_assert_eq!(serde_json::from_str::<String>(&out).unwrap(), text);
        }
    }
}
