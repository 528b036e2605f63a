//! The property bag at the end of a message topic: `name=value` joined with `&`, both percent-encoded.
//!
//! Written by the device into D2C topics and by the hub into C2D topics, read by the other side. Reading never
//! fails: an odd property is kept as text, an empty name is skipped, the rest of the message is whole.

use crate::percent;

/// One property. No value (`key`) and an empty value (`key=`) are different things to the hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Property {
    /// The decoded name.
    pub name: String,
    /// The decoded value; none when there was no `=`.
    pub value: Option<String>,
}

/// Reads a bag in the order it was written. Duplicates are kept; the first one counts ([`first`]).
#[must_use]
pub fn read(bag: &str) -> Vec<Property> {
    bag.split('&').filter_map(read_property).collect()
}

fn read_property(part: &str) -> Option<Property> {
    let (name, value) = match part.split_once('=') {
        Some((name, value)) => (name, Some(percent::decode(value))),
        None => (part, None),
    };
    if name.is_empty() { None } else { Some(Property { name: percent::decode(name), value }) }
}

/// Reads the bag of a message *to* a device: one leading `?` is dropped when a name follows it, because the
/// documentation shows it (the hub never sends it).
#[must_use]
pub fn read_devicebound(bag: &str) -> Vec<Property> {
    read(bag.strip_prefix('?').filter(|rest| !rest.is_empty()).unwrap_or(bag))
}

/// The value of the first property of that name.
#[must_use]
pub fn first<'b>(bag: &'b [Property], name: &str) -> Option<&'b Property> {
    bag.iter().find(|property| property.name == name)
}

/// Writes a bag piece by piece into a topic that is being built; the hot path of telemetry.
#[derive(Debug)]
pub struct Writer<'o> {
    out: &'o mut Vec<u8>,
    start: usize,
}

impl<'o> Writer<'o> {
    /// Writes behind what `out` already holds.
    #[must_use]
    pub fn new(out: &'o mut Vec<u8>) -> Self {
        let start = out.len();
        Self { out, start }
    }

    /// Appends one property; no value writes the bare name.
    pub fn push(&mut self, name: &str, value: Option<&str>) {
        if self.out.len() > self.start {
            self.out.push(b'&');
        }
        percent::encode_component_into(self.out, name.as_bytes());
        if let Some(value) = value {
            self.out.push(b'=');
            percent::encode_component_into(self.out, value.as_bytes());
        }
    }

    /// Appends a name that is already in its written form (`%24.mid`) and its value.
    pub fn push_encoded_name(&mut self, name: &str, value: &str) {
        if self.out.len() > self.start {
            self.out.push(b'&');
        }
        self.out.extend_from_slice(name.as_bytes());
        self.out.push(b'=');
        percent::encode_component_into(self.out, value.as_bytes());
    }
}

/// A whole bag as text.
#[must_use]
pub fn write<'p>(properties: impl IntoIterator<Item = (&'p str, Option<&'p str>)>) -> String {
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out);
    for (name, value) in properties {
        writer.push(name, value);
    }
    // Percent-encoding writes ASCII only.
    String::from_utf8(out).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn pairs(bag: &str) -> Vec<(String, Option<String>)> {
        read(bag).into_iter().map(|p| (p.name, p.value)).collect()
    }

    fn text(value: &str) -> Option<String> {
        Some(value.to_owned())
    }

    #[test]
    fn no_value_and_empty_value_differ() {
        assert_eq!(
            pairs("prop1&prop2=&prop3=a%20string"),
            [("prop1".into(), None), ("prop2".into(), text("")), ("prop3".into(), text("a string"))]
        );
    }

    #[test]
    fn trap_2_a_question_mark_before_a_d2c_bag_stays_in_the_first_name() {
        assert_eq!(pairs("?prop1=x"), [("?prop1".into(), text("x"))]);
        assert_eq!(read_devicebound("?prop1=x")[0].name, "prop1");
        assert_eq!(read_devicebound("?")[0].name, "?");
    }

    #[test]
    fn empty_names_are_skipped_and_malformed_escapes_kept() {
        assert_eq!(pairs("a=1&&b=2"), [("a".into(), text("1")), ("b".into(), text("2"))]);
        assert_eq!(pairs("=x"), []);
        assert_eq!(pairs("%zz=1"), [("%zz".into(), text("1"))]);
        assert_eq!(pairs(""), []);
    }

    #[test]
    fn trap_24_what_would_break_a_topic_is_escaped() {
        assert_eq!(write([("a/b", Some("+#%&=ä"))]), "a%2Fb=%2B%23%25%26%3D%C3%A4");
    }

    #[cfg(not(target_arch = "wasm32"))]
    proptest::proptest! {
        #[test]
        fn a_written_bag_is_read_back(pairs in proptest::collection::vec((".{1,12}", proptest::option::of(".{0,12}")), 0..8)) {
            let text = write(pairs.iter().map(|(n, v)| (n.as_str(), v.as_deref())));
            proptest::prop_assert!(!text.contains(['/', '+', '#', ' ']));
            let back: Vec<_> = read(&text).into_iter().map(|p| (p.name, p.value)).collect();
            proptest::prop_assert_eq!(back, pairs);
        }

        #[test]
        fn reading_never_panics(bag in "([%&=?a-f0-9]|.)*") {
            let _ = read_devicebound(&bag);
        }
    }
}
