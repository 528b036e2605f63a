//! Reported patches as JSON text, for an application that stores them while there is no connection.

use crate::twin::patch::{can_merge, merge_patches};
use crate::twin::requests::MERGED_BYTES;
use iothub_protocol::json::{Json, Object};

/// `later` on top of `earlier` as one patch; none when only both in turn give the right result, or one is no patch.
#[must_use]
pub fn merge_reported(earlier: &str, later: &str) -> Option<String> {
    let [mut before, after] = [object(earlier)?, object(later)?];
    if !can_merge(&before, &after) || earlier.len() + later.len() > MERGED_BYTES {
        return None;
    }
    merge_patches(&mut before, &after);
    Some(before.to_text())
}

#[inline(never)]
fn object(text: &str) -> Option<Object> {
    Json::parse(text).ok()?.into_object()
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn stored_patches_merge_only_where_waiting_ones_do() {
        let merged = merge_reported(r#"{"a":{"x":1}}"#, r#"{"a":{"y":null},"b":2}"#);
        assert_eq!(merged.as_deref(), Some(r#"{"a":{"x":1,"y":null},"b":2}"#));
        assert_eq!(merge_reported(r#"{"a":null}"#, r#"{"a":{"b":1}}"#), None);
        let text = "x".repeat(3_000);
        let large = |key: &str| {
            let fields: Vec<_> = (0..6).map(|number| format!(r#""{key}{number}":"{text}""#)).collect();
            format!("{{{}}}", fields.join(","))
        };
        assert!(merge_reported(&large("a"), r#"{"b":1}"#).is_some());
        assert_eq!(merge_reported(&large("a"), &large("b")), None, "a merge stays below the hub's limit");
        assert_eq!(merge_reported("{}", "[1]"), None);
    }
}
