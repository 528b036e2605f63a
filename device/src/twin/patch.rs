//! Reported patches before they are sent: checked, and merged where that is sound.

use crate::error::{Code, Error};
use iothub_protocol::twin::{self, Object};
use serde_json::Value;

/// Reads and checks a reported patch.
pub(crate) fn parse_patch(text: &str) -> Result<Object, Error> {
    let value: Value = serde_json::from_str(text).map_err(|error| {
        Error::new(Code::TwinBadRequest, format!("the reported patch is not JSON: {error}"))
    })?;
    if let Value::Object(object) = &value
        && let Some(name) = object.keys().find(|name| matches!(name.as_str(), "$version" | "$metadata"))
    {
        return Err(Error::new(
            Code::TwinBadRequest,
            format!(
                "the reported patch has \"{name}\", which is the hub's own: leave it out when you send back what getTwin gave"
            ),
        ));
    }
    let checked = twin::checked(&value, true).map(drop);
    checked.map_err(|error| Error::new(Code::TwinBadRequest, format!("the reported patch: {error}")))?;
    match value {
        Value::Object(object) => Ok(object),
        _ => Ok(Object::new()),
    }
}

/// Whether `later` on top of `earlier` is one patch. It is not when `later` has an object where `earlier` has
/// something else: sent one by one, the object replaces it; merged, it would fall on what lay below.
pub(crate) fn can_merge(earlier: &Object, later: &Object) -> bool {
    later.iter().all(|(name, after)| match (earlier.get(name), after) {
        (Some(Value::Object(before)), Value::Object(after)) => can_merge(before, after),
        (Some(_), Value::Object(_)) => false,
        _ => true,
    })
}

/// `later` on top of `earlier` as one patch. Unlike a merge into a twin, `null` stays: it still has to delete.
pub(crate) fn merge_patches(earlier: &mut Object, later: &Object) {
    for (name, after) in later {
        match (earlier.get_mut(name), after) {
            (Some(Value::Object(before)), Value::Object(after)) => merge_patches(before, after),
            _ => {
                earlier.insert(name.clone(), after.clone());
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
        serde_json::from_str(text).unwrap()
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
        use proptest::prelude::*;

        fn json() -> impl Strategy<Value = Value> {
            let leaf = prop_oneof![Just(Value::Null), (0i64..3).prop_map(Value::from)];
            leaf.prop_recursive(3, 12, 3, |inner| {
                prop::collection::btree_map("[ab]", inner, 0..3)
                    .prop_map(|m| Value::Object(m.into_iter().collect()))
            })
        }

        fn patch() -> impl Strategy<Value = Object> {
            prop::collection::btree_map("[abc]", json(), 0..3).prop_map(|m| m.into_iter().collect())
        }

        proptest! {
            #[test]
            fn a_sound_merge_gives_what_both_patches_give(base in patch(), first in patch(), second in patch()) {
                prop_assume!(can_merge(&first, &second));
                let mut start = Object::new();
                twin::merge(&mut start, &base);
                let mut one_by_one = start.clone();
                twin::merge(&mut one_by_one, &first);
                twin::merge(&mut one_by_one, &second);
                let mut both = first;
                merge_patches(&mut both, &second);
                twin::merge(&mut start, &both);
                prop_assert_eq!(start, one_by_one);
            }
        }
    }
}
