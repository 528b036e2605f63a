//! PROTOCOL 9.1: what the hub refuses in a twin, from the device with 400 and from the service with 400.

use crate::helpers::{TWIN_ANSWERS, listening, old_name, report, switched};
use crate::support::Bench;
use iothub_hub::LinkId;
use serde_json::{Map, Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Whether device and service agree that a section may hold this.
fn taken(bench: &mut Bench, link: LinkId, section: &Value) -> bool {
    let topic = report(bench, link, &section.to_string()).0;
    let by_device = topic.starts_with("$iothub/twin/res/204/");
    assert!(by_device || topic.starts_with("$iothub/twin/res/400/"), "{topic}");
    for body in [json!({"properties": {"desired": section}}), json!({"tags": section})] {
        let (status, answer) = bench.call("PATCH", "/twins/device-1", &body.to_string());
        assert_eq!(status, if by_device { 200 } else { 400 }, "{body} {answer}");
        if status == 400 {
            assert_eq!(old_name(&answer), "ArgumentInvalid");
        }
    }
    by_device
}

fn hub() -> (Bench, LinkId) {
    listening(&[(TWIN_ANSWERS, 0)])
}

/// A section of exactly this size, in strings that are not too long.
fn of_size(bytes: usize) -> Value {
    let mut section = Map::new();
    let mut left = bytes;
    while left > 4_000 {
        section.insert(format!("{:03}", section.len()), Value::String("x".repeat(3_997)));
        left -= 4_000;
    }
    section.insert("r".to_owned(), Value::String("x".repeat(left - 1)));
    Value::Object(section)
}

fn nested(levels: usize, leaf: Value) -> Value {
    (0..levels).fold(leaf, |inner, _| json!({"n": inner}))
}

/// PROTOCOL 9.1, Size
#[test]
fn tags_have_8_kb_and_desired_and_reported_32() {
    let (mut bench, link) = hub();
    for (bytes, want) in [(32_768, "204"), (32_769, "400")] {
        report(&mut bench, link, r#"{"r":null}"#);
        let topic = report(&mut bench, link, &of_size(bytes).to_string()).0;
        assert!(topic.starts_with(&format!("$iothub/twin/res/{want}/")), "{bytes} {topic}");
    }
    let mut put = |body: Value| bench.call("PUT", "/twins/device-1", &body.to_string()).0;
    assert_eq!(put(json!({"properties": {"desired": of_size(32_768)}})), 200);
    assert_eq!(put(json!({"properties": {"desired": of_size(32_769)}})), 400);
    assert_eq!(put(json!({"tags": of_size(8_192)})), 200);
    assert_eq!(put(json!({"tags": of_size(8_193)})), 400);
}

/// PROTOCOL 9.1, Size rule
#[test]
fn names_count_strings_count_without_controls_numbers_8_and_booleans_4() {
    let (mut bench, link) = hub();
    // "n" 1 + 8, "b" 1 + 4, "s" 1 + 3, "o" 1 + "i" 1 + 8, "l" 1 + 8 + 8: 45.
    let counted = json!({"n": 1.5, "b": true, "s": "a\u{1}b\u{7}c", "o": {"i": 7}, "l": [1, 2]});
    let merge = |rest: Value| {
        let mut all = counted.clone();
        all.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        all.to_string()
    };
    assert!(report(&mut bench, link, &merge(of_size(32_768 - 45))).0.contains("/204/"));
    let (mut bench, link) = hub();
    assert!(report(&mut bench, link, &merge(of_size(32_768 - 44))).0.contains("/400/"));
}

/// PROTOCOL 9.1, Size
#[test]
fn the_size_is_that_of_the_merged_section_and_a_refused_patch_leaves_it() {
    let (mut bench, link) = hub();
    assert!(report(&mut bench, link, &of_size(32_768).to_string()).0.contains("/204/"));
    assert!(report(&mut bench, link, r#"{"more":1}"#).0.contains("/400/"));
    assert!(report(&mut bench, link, r#"{"more":1,"000":null}"#).0.contains("/204/"));
    assert_eq!(bench.call("GET", "/twins/device-1", "").1["properties"]["reported"]["$version"], 3);
}

/// PROTOCOL 9.1, Keys
#[test]
fn names_have_no_dot_dollar_space_or_control_and_at_most_1_kb() {
    let (mut bench, link) = hub();
    for good in ["a", "ä", "A-b_c/d:e", "+", &"k".repeat(1024)] {
        assert!(taken(&mut bench, link, &json!({good: 1})), "{good}");
        let back = json!({good: null});
        assert!(taken(&mut bench, link, &back));
    }
    for bad in [
        "a.b",
        "$a",
        "a$",
        "a#b",
        "a b",
        "c1\u{9f}",
        "tab\t",
        "nul\u{0}",
        "del\u{7f}",
        &"k".repeat(1025),
        &"ä".repeat(513),
    ] {
        assert!(!taken(&mut bench, link, &json!({bad: 1})), "{bad}");
        assert!(!taken(&mut bench, link, &json!({"in": {"side": {bad: 1}}})), "{bad}");
    }
    assert!(taken(&mut bench, link, &json!({"case": 1, "CASE": 2})));
    let twin = bench.call("GET", "/twins/device-1", "").1;
    assert_eq!((&twin["tags"]["case"], &twin["tags"]["CASE"]), (&json!(1), &json!(2)));
}

/// PROTOCOL 9.1, Strings
#[test]
fn a_string_has_4_kb() {
    let (mut bench, link) = hub();
    assert!(taken(&mut bench, link, &json!({"s": "x".repeat(4096)})));
    assert!(!taken(&mut bench, link, &json!({"s": "x".repeat(4097)})));
    assert!(!taken(&mut bench, link, &json!({"s": "ä".repeat(2049)})));
}

/// PROTOCOL 9.1, Integers
#[test]
fn integers_fit_into_53_bits_and_fractions_are_free() {
    let (mut bench, link) = hub();
    for good in ["4503599627370495", "-4503599627370496", "1.5", "1e300", "0"] {
        assert!(
            taken(&mut bench, link, &serde_json::from_str(&format!("{{\"n\":{good}}}")).unwrap()),
            "{good}"
        );
    }
    for bad in ["4503599627370496", "-4503599627370497", "18446744073709551615"] {
        assert!(
            !taken(&mut bench, link, &serde_json::from_str(&format!("{{\"n\":{bad}}}")).unwrap()),
            "{bad}"
        );
    }
}

/// PROTOCOL 9.1, Depth
#[test]
fn ten_objects_deep_is_taken_and_eleven_is_not() {
    let (mut bench, link) = hub();
    assert!(taken(&mut bench, link, &nested(10, json!({"leaf": 1}))));
    assert!(!taken(&mut bench, link, &nested(11, json!({"leaf": 1}))));
}

/// PROTOCOL 9.1, Arrays
#[test]
fn arrays_are_taken_whole_or_by_switch_refused() {
    let (mut bench, link) = hub();
    assert!(taken(&mut bench, link, &json!({"a": [1, "x", [2], {"b": 3}]})));
    assert!(taken(&mut bench, link, &json!({"a": [4]})));
    let twin = bench.call("GET", "/twins/device-1", "").1;
    assert_eq!(twin["properties"]["reported"]["a"], json!([4]), "replaced, not patched one by one");
    let mut bench = switched(|switches| switches.refuse_twin_arrays = true);
    let link = bench.connect("device-1");
    bench.subscribed(link, &[(TWIN_ANSWERS, 0)]);
    assert!(!taken(&mut bench, link, &json!({"a": [1]})));
    assert!(taken(&mut bench, link, &json!({"a": 1})));
}

/// PROTOCOL 9.1, Null in arrays, empty key [?]
#[test]
fn null_in_an_array_and_an_empty_name_are_refused() {
    let (mut bench, link) = hub();
    assert!(!taken(&mut bench, link, &json!({"a": [1, null]})));
    assert!(!taken(&mut bench, link, &json!({"a": [{"b": [null]}]})));
    assert!(!taken(&mut bench, link, &json!({"a": [{"b": null}]})));
    let (_, answer) = report(&mut bench, link, r#"{"a":[{"b":null}]}"#);
    assert_eq!(answer["message"], "Value of Property or Tag cannot be null. Error in Property/Tag b");
    let (_, answer) = bench.call("PUT", "/twins/device-1", r#"{"tags":{"my-tag":null}}"#);
    let text = answer["Message"].as_str().unwrap();
    assert_eq!(
        text,
        "ErrorCode:ArgumentInvalid;Value of Property or Tag cannot be null. Error in Property/Tag my-tag"
    );
    assert!(!taken(&mut bench, link, &json!({"": 1})));
}

/// PROTOCOL 9.1, Whole-body type
#[test]
fn a_section_is_an_object() {
    let (mut bench, link) = hub();
    for bad in ["[]", "1", "\"x\"", "true", "null", "", "{", "{} x"] {
        assert!(report(&mut bench, link, bad).0.contains("/400/"), "{bad}");
    }
    for bad in ["[]", "1", "\"x\"", "null"] {
        assert_eq!(bench.call("PATCH", "/twins/device-1", bad).0, 400, "{bad}");
    }
    for bad in [json!({"tags": 1}), json!({"properties": {"desired": []}}), json!({"tags": "x"})] {
        assert_eq!(bench.call("PATCH", "/twins/device-1", &bad.to_string()).0, 400, "{bad}");
    }
}
