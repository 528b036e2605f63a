//! Reported patches as JSON text, for an application that stores them while there is no connection.

use crate::error::Error;
use crate::twin::patch::{can_merge, merge_patches, parse_patch};
use crate::twin::requests::MERGED_BYTES;

/// `later` on top of `earlier` as one patch; none when only both in turn give the right result.
///
/// # Errors
/// A patch that the hub would refuse.
pub fn merge_reported(earlier: &str, later: &str) -> Result<Option<String>, Error> {
    let (mut before, after) = (parse_patch(earlier)?, parse_patch(later)?);
    if !can_merge(&before, &after) || earlier.len() + later.len() > MERGED_BYTES {
        return Ok(None);
    }
    merge_patches(&mut before, &after);
    Ok(Some(before.to_text()))
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn stored_patches_merge_only_where_waiting_ones_do() {
        let merged = merge_reported(r#"{"a":{"x":1}}"#, r#"{"a":{"y":null},"b":2}"#);
        assert_eq!(merged.unwrap().as_deref(), Some(r#"{"a":{"x":1,"y":null},"b":2}"#));
        assert_eq!(merge_reported(r#"{"a":null}"#, r#"{"a":{"b":1}}"#), Ok(None));
        let text = "x".repeat(3_000);
        let large = |key: &str| {
            let fields: Vec<_> = (0..6).map(|number| format!(r#""{key}{number}":"{text}""#)).collect();
            format!("{{{}}}", fields.join(","))
        };
        assert!(merge_reported(&large("a"), r#"{"b":1}"#).unwrap().is_some());
        assert_eq!(merge_reported(&large("a"), &large("b")), Ok(None), "a merge stays below the hub's limit");
        assert!(merge_reported("{}", r#"{"$version":1}"#).is_err());
    }
}
