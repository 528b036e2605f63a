//! Patches: reading one that is to be sent, merging two where that is sound, merging one into a section.

use crate::error::{Code, Error};
use iothub_protocol::json::{Json, Object};
use iothub_protocol::twin::is_name_char;

/// Reads a reported patch. What else the hub may find wrong with it (depth, sizes) it answers with 400.
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
    check(&patch, false).map_err(|text| Error::new(Code::TwinBadRequest, text))?;
    Ok(patch)
}

/// The hub's rules for names, and for null: inside an array it would delete nothing, however deep.
fn check(object: &Object, in_array: bool) -> Result<(), String> {
    object.iter().try_for_each(|(name, value)| {
        if name.is_empty() || !name.chars().all(is_name_char) {
            return Err(format!(
                "the property \"{name}\": no name is empty or has . $ # space or control characters"
            ));
        }
        check_value(name, value, in_array)
    })
}

fn check_value(name: &str, value: &Json, in_array: bool) -> Result<(), String> {
    match value {
        Json::Null if in_array => {
            Err(format!("\"{name}\" is null inside an array, where it deletes nothing"))
        }
        Json::Array(items) => items.iter().try_for_each(|item| check_value(name, item, true)),
        Json::Object(below) => check(below, in_array),
        _ => Ok(()),
    }
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
