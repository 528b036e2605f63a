//! Patches: reading one that is to be sent, merging two where that is sound, merging one into a section.

use crate::error::{Code, Error};
use iothub_protocol::json::{Json, Object};
use iothub_protocol::limits::{TWIN_DEPTH, TWIN_KEY_BYTES, TWIN_SECTION_BYTES, TWIN_STRING_BYTES};
use iothub_protocol::twin::{is_name_char, text_size};

/// Reads a reported patch. The hub's answer to a faulty one may be a closed connection, so its rules are checked here;
/// what the section already holds, only the hub knows.
pub(crate) fn parse_patch(text: &str) -> Result<Object, Error> {
    let refused = |text: String| Err(Error::new(Code::TwinBadRequest, text));
    let patch = match Json::parse(text) {
        Ok(Json::Object(patch)) => patch,
        Ok(_) => return refused("the reported patch is not an object".to_owned()),
        Err(error) => return refused(format!("the reported patch: {error}")),
    };
    if let Some((name, _)) = patch.iter().find(|(name, _)| name.starts_with('$')) {
        return refused(format!(
            "the reported patch has \"{name}\", which is the hub's own: leave it out when you send back what getTwin gave"
        ));
    }
    let mut section = 0;
    check(&patch, 0, false, &mut section).map_err(|text| Error::new(Code::TwinBadRequest, text))?;
    if section > TWIN_SECTION_BYTES {
        return refused(format!(
            "the reported patch has {section} bytes, the hub allows {TWIN_SECTION_BYTES} for all that is reported"
        ));
    }
    Ok(patch)
}

/// The hub's rules for what a patch holds. Adds up what the section will have of it.
fn check(object: &Object, depth: usize, in_array: bool, section: &mut usize) -> Result<(), String> {
    object.iter().try_for_each(|(name, value)| {
        let fault = if name.is_empty() || !name.chars().all(is_name_char) {
            "has an empty name, or one with . $ # space or a control character"
        } else if name.len() > TWIN_KEY_BYTES {
            "has a name over 1024 bytes"
        } else {
            if *value != Json::Null {
                *section += text_size(name);
            }
            return check_value(name, value, depth, in_array, section);
        };
        Err(format!("the property \"{name}\" {fault}"))
    })
}

fn check_value(
    name: &str,
    value: &Json,
    depth: usize,
    in_array: bool,
    section: &mut usize,
) -> Result<(), String> {
    let fault = match value {
        Json::Null if in_array => "is null inside an array, where it deletes nothing",
        Json::String(text) if text.len() > TWIN_STRING_BYTES => "has a text over 4096 bytes",
        Json::Number(text) if !fits(text) => "has an integer beyond 2^52: send it as text",
        Json::Array(_) | Json::Object(_) if depth >= TWIN_DEPTH => "is deeper than 10 levels",
        Json::Array(items) => {
            return items.iter().try_for_each(|item| check_value(name, item, depth + 1, true, section));
        }
        Json::Object(below) => return check(below, depth + 1, in_array, section),
        counted => {
            *section += match counted {
                Json::Null => 0,
                Json::Bool(_) => 4,
                Json::String(text) => text_size(text),
                _ => 8,
            };
            return Ok(());
        }
    };
    Err(format!("the property \"{name}\" {fault}"))
}

/// Whether a number is no integer, or one that a twin can hold.
fn fits(number: &str) -> bool {
    let digits = number.strip_prefix('-').unwrap_or(number);
    // -2^52 fits, 2^52 does not.
    let largest = if digits.len() < number.len() { "4503599627370496" } else { "4503599627370495" };
    !digits.bytes().all(|digit| digit.is_ascii_digit()) || (digits.len(), digits) <= (largest.len(), largest)
}

/// JSON merge patch (RFC 7386), the hub's rule: objects merge, `null` removes, all else replaces.
pub(crate) fn merge(section: &mut Object, patch: &Object) {
    for (name, value) in patch.iter() {
        match value {
            Json::Null => {
                section.remove(name);
            }
            Json::Object(inner) => {
                if !matches!(section.get(name), Some(Json::Object(_))) {
                    section.insert(name, Json::Object(Object::default()));
                }
                if let Some(Json::Object(below)) = section.get_mut(name) {
                    merge(below, inner);
                }
            }
            other => section.insert(name, other.clone()),
        }
    }
}

/// Whether `later` on top of `earlier` is one patch. It is not when `later` has an object where `earlier` has
/// something else: sent one by one, the object replaces it; merged, it would fall on what lay below.
pub(crate) fn can_merge(earlier: &Object, later: &Object) -> bool {
    later.iter().all(|(name, after)| match (earlier.get(name), after) {
        (Some(Json::Object(before)), Json::Object(after)) => can_merge(before, after),
        (Some(_), Json::Object(_)) => false,
        _ => true,
    })
}

/// `later` on top of `earlier` as one patch. Unlike a merge into a twin, `null` stays: it still has to delete.
pub(crate) fn merge_patches(earlier: &mut Object, later: &Object) {
    for (name, after) in later.iter() {
        match (earlier.get_mut(name), after) {
            (Some(Json::Object(before)), Json::Object(after)) => merge_patches(before, after),
            _ => {
                earlier.insert(name, after.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn object(text: &str) -> Object {
        Json::parse(text).unwrap().into_object().unwrap()
    }

    #[test]
    fn trap_5_the_hubs_own_names_are_refused_with_the_cure() {
        let error = parse_patch(r#"{"a":1,"$version":3}"#).unwrap_err();
        assert_eq!(error.code, Code::TwinBadRequest);
        assert!(error.message.contains("leave it out"));
        assert!(parse_patch("[1]").is_err());
        assert!(parse_patch("{").is_err());
        assert!(parse_patch(r#"{"a":{"b":null}}"#).is_ok());
    }

    #[test]
    fn what_the_hub_would_refuse_never_leaves() {
        for (text, named) in [
            (r#"{"a#b":1}"#, "a#b"),
            (r#"{"a":{"b.c":1}}"#, "b.c"),
            (r#"{"a":[{"x y":1}]}"#, "x y"),
            (r#"{"":1}"#, "empty"),
            (r#"{"a":[null]}"#, "\"a\" is null"),
            (r#"{"a":[{"b":null}]}"#, "\"b\" is null"),
            (r#"{"a":{"c":[[{"b":{"d":null}}]]}}"#, "\"d\" is null"),
        ] {
            let error = parse_patch(text).unwrap_err();
            assert_eq!(error.code, Code::TwinBadRequest);
            assert!(error.message.contains(named), "{}", error.message);
        }
        assert!(parse_patch(r#"{"a":[1,[2],{"b":3}],"c":{"d":null}}"#).is_ok());
    }

    #[test]
    fn trap_37_patches_merge_only_where_the_result_is_the_same() {
        for (first, second, sound) in [
            (r#"{"a":1}"#, r#"{"b":2}"#, true),
            (r#"{"a":{"x":1}}"#, r#"{"a":{"y":null}}"#, true),
            (r#"{"a":{"x":1}}"#, r#"{"a":null}"#, true),
            (r#"{"a":null}"#, r#"{"a":{"x":1}}"#, false),
            (r#"{"a":1}"#, r#"{"a":{"x":1}}"#, false),
        ] {
            assert_eq!(can_merge(&object(first), &object(second)), sound, "{first} {second}");
        }
    }

    /// The device refuses exactly what the hub refuses.
    #[test]
    fn every_limit_of_the_hub_is_checked_before_a_patch_leaves() {
        use iothub_protocol::twin::{Rules, Section, check_size, checked, merge};
        let nested = |levels: usize, leaf: &str, open: &str, close: &str| {
            format!(r#"{{"a":{}{leaf}{}}}"#, open.repeat(levels), close.repeat(levels))
        };
        let texts = |count: usize, last: usize| {
            let all: Vec<_> = (0..count)
                .map(|n| format!(r#""{n}":"{}""#, "x".repeat(if n == 0 { last } else { 4095 })))
                .collect();
            format!("{{{}}}", all.join(","))
        };
        let of = |value: &str| format!(r#"{{"a":{value}}}"#);
        let text = |bytes: usize| of(&format!("\"{}\"", "x".repeat(bytes)));
        let name = |bytes: usize| format!(r#"{{"{}":1}}"#, "n".repeat(bytes));
        let deletes: String = (0..40).map(|n| format!(r#""{n}{}":null,"#, "d".repeat(1000))).collect();
        let cases = [
            (text(4096), true),
            (text(4097), false),
            (of(&format!(r#"["{}"]"#, "ä".repeat(2049))), false),
            (name(1024), true),
            (name(1025), false),
            (of("4503599627370495"), true),
            (of("4503599627370496"), false),
            (of("-4503599627370496"), true),
            (of("[-4503599627370497]"), false),
            (of("9007199254740993.5"), true),
            (of("1e300"), true),
            (of("-0"), true),
            (nested(10, "1", r#"{"a":"#, "}"), true),
            (nested(11, "1", r#"{"a":"#, "}"), false),
            (nested(10, "1", "[", "]"), true),
            (nested(11, "1", "[", "]"), false),
            (of("[1,{\"b\":null}]"), false),
            (of("{\"b\":null}"), true),
            (texts(8, 4095), true),
            (texts(8, 4096), false),
            (of("{\"\":1}"), false),
            (format!(r#"{{{deletes}"a":1}}"#), true),
            (of("[\"\\u0007\\u0007\"]"), true),
        ];
        for (patch, fine) in cases {
            let value: serde_json::Value = serde_json::from_str(&patch).unwrap();
            let hub = checked(&value, Rules::TODAY).and_then(|patch| {
                let mut section = iothub_protocol::twin::Object::new();
                merge(&mut section, patch);
                check_size(Section::Reported, &section, Rules::TODAY)
            });
            let start: String = patch.chars().take(60).collect();
            assert_eq!(hub.is_ok(), fine, "the hub, {start}: {hub:?}");
            let mine = parse_patch(&patch);
            assert_eq!(mine.is_ok(), fine, "the device, {start}: {mine:?}");
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    mod properties {
        use super::*;
        use iothub_protocol::twin;
        use proptest::prelude::*;
        use serde_json::Value;

        fn json() -> impl Strategy<Value = Value> {
            let leaf = prop_oneof![Just(Value::Null), (0i64..3).prop_map(Value::from)];
            leaf.prop_recursive(3, 12, 3, |inner| {
                prop::collection::btree_map("[ab]", inner, 0..3)
                    .prop_map(|m| Value::Object(m.into_iter().collect()))
            })
        }

        fn patch() -> impl Strategy<Value = twin::Object> {
            prop::collection::btree_map("[abc]", json(), 0..3).prop_map(|m| m.into_iter().collect())
        }

        fn ours(of: &twin::Object) -> Object {
            object(&Value::Object(of.clone()).to_string())
        }

        proptest! {
            #[test]
            fn the_device_merges_as_the_hub_does(base in patch(), next in patch()) {
                let mut hubs = twin::Object::new();
                let mut mine = Object::default();
                for patch in [&base, &next] {
                    twin::merge(&mut hubs, patch);
                    merge(&mut mine, &ours(patch));
                }
                prop_assert_eq!(mine, ours(&hubs));
            }

            #[test]
            fn a_sound_merge_gives_what_both_patches_give(base in patch(), first in patch(), second in patch()) {
                let (base, first, second) = (ours(&base), ours(&first), ours(&second));
                prop_assume!(can_merge(&first, &second));
                let mut start = Object::default();
                merge(&mut start, &base);
                let mut one_by_one = start.clone();
                merge(&mut one_by_one, &first);
                merge(&mut one_by_one, &second);
                let mut both = first;
                merge_patches(&mut both, &second);
                merge(&mut start, &both);
                prop_assert_eq!(start, one_by_one);
            }
        }
    }
}
