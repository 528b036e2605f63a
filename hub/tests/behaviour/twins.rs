//! Twins, from both sides. PROTOCOL 9 and 14.1.

use crate::support::Bench;
use iothub_hub::{HubConfig, LinkId, Switches};
use iothub_protocol::packet::Publish;
use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const ANSWERS: &str = "$iothub/twin/res/#";
const DESIRED: &str = "$iothub/twin/PATCH/properties/desired/#";
const PATCH: &str = "$iothub/twin/PATCH/properties/reported/?$rid=";

fn subscribed(bench: &mut Bench) -> LinkId {
    let link = bench.connect("device-1");
    bench.subscribed(link, &[(ANSWERS, 0), (DESIRED, 1)]);
    link
}

fn body(publish: &Publish) -> Value {
    serde_json::from_slice(&publish.payload).unwrap_or(Value::Null)
}

fn report(bench: &mut Bench, link: LinkId, patch: &str) -> (String, Value) {
    bench.publish(link, &format!("{PATCH}r"), patch.as_bytes(), 0, 0);
    let answer = bench.take_publish(link);
    (answer.topic.clone(), body(&answer))
}

#[test]
fn get_answers_200_with_both_sections_bare() {
    // PROTOCOL 9 "GET success", 15 rows 1 and 3; the body of the request is ignored.
    let mut bench = Bench::new();
    let link = subscribed(&mut bench);
    bench.publish(link, "$iothub/twin/GET/?$rid=1bc9aedd-x", b" ", 0, 0);
    let answer = bench.take_publish(link);
    assert_eq!(answer.topic, "$iothub/twin/res/200/?$rid=1bc9aedd-x");
    assert_eq!(body(&answer), json!({"desired": {"$version": 1}, "reported": {"$version": 1}}));
}

#[test]
fn a_patch_answers_204_with_the_version() {
    // PROTOCOL 9 "PATCH success", "Versions", 15 row 2.
    let mut bench = Bench::new();
    let link = subscribed(&mut bench);
    assert_eq!(
        report(&mut bench, link, r#"{"a":1,"b":{"c":2}}"#).0,
        "$iothub/twin/res/204/?$rid=r&$version=2"
    );
    assert_eq!(
        report(&mut bench, link, r#"{"b":{"c":null,"d":[1]}}"#).0,
        "$iothub/twin/res/204/?$rid=r&$version=3"
    );
    assert_eq!(
        report(&mut bench, link, "{}").0,
        "$iothub/twin/res/204/?$rid=r&$version=4",
        "a no-op counts too"
    );
    let (_, twin) = bench.call("GET", "/twins/device-1", "");
    let reported = &twin["properties"]["reported"];
    assert_eq!(
        (&reported["a"], &reported["b"], &reported["$version"]),
        (&json!(1), &json!({"d": [1]}), &json!(4))
    );
    assert!(reported["$metadata"]["b"]["d"]["$lastUpdated"].is_string());
}

#[test]
fn bad_patches_answer_400_and_change_nothing() {
    // PROTOCOL 9 "Error body", "$version inside a reported patch body", 9.1.
    let mut bench = Bench::new();
    let link = subscribed(&mut bench);
    let deep = (0..11).fold("{}".to_owned(), |inner, _| format!("{{\"a\":{inner}}}"));
    for patch in [
        "no json",
        "[1]",
        r#"{"$version":1}"#,
        r#"{"a.b":1}"#,
        r#"{"a":4503599627370496}"#,
        r#"{"a":[null]}"#,
        &deep,
    ] {
        let (topic, error) = report(&mut bench, link, patch);
        assert_eq!(topic, "$iothub/twin/res/400/?$rid=r", "{patch}");
        assert_eq!(error["errorCode"], 400_004);
        for field in ["trackingId", "message", "timestampUtc"] {
            assert!(error[field].is_string(), "{field}");
        }
    }
    assert_eq!(bench.call("GET", "/twins/device-1", "").1["properties"]["reported"]["$version"], 1);
}

#[test]
fn a_patch_for_another_version_answers_412_with_the_version() {
    // PROTOCOL 5 "Reported patch", 9 "Other statuses".
    let mut bench = Bench::new();
    let link = subscribed(&mut bench);
    bench.publish(link, &format!("{PATCH}r&$version=7"), b"{}", 0, 0);
    assert_eq!(bench.take_publish(link).topic, "$iothub/twin/res/412/?$rid=r&$version=1");
    bench.publish(link, &format!("{PATCH}r&$version=1"), b"{}", 0, 0);
    assert_eq!(bench.take_publish(link).topic, "$iothub/twin/res/204/?$rid=r&$version=2");
}

#[test]
fn answers_before_the_subscription_are_lost() {
    // PROTOCOL 9 "Need".
    let mut bench = Bench::new();
    let link = bench.connect("device-1");
    bench.publish(link, "$iothub/twin/GET/?$rid=1", b"", 0, 0);
    bench.subscribed(link, &[(ANSWERS, 0)]);
    assert!(bench.take(link).is_none());
}

#[test]
fn a_desired_change_reaches_a_connected_device() {
    // PROTOCOL 9 "Desired patch": null for deletions, the number in the body and in the topic.
    let mut bench = Bench::new();
    let link = subscribed(&mut bench);
    let (status, twin) = bench.call(
        "PATCH",
        "/twins/device-1",
        r#"{"tags":{"t":1},"properties":{"desired":{"x":{"y":1},"gone":null}}}"#,
    );
    assert_eq!(status, 200);
    assert_eq!(twin["properties"]["desired"]["$version"], 2);
    assert_eq!(twin["properties"]["desired"]["$metadata"]["x"]["y"]["$lastUpdatedVersion"], 2);
    assert_eq!(twin["tags"], json!({"t": 1}));
    let patch = bench.take_publish(link);
    assert_eq!(patch.topic, "$iothub/twin/PATCH/properties/desired/?$version=2");
    assert_eq!(body(&patch), json!({"x": {"y": 1}, "gone": null, "$version": 2}));
    bench.call("PATCH", "/twins/device-1", r#"{"tags":{"t":2}}"#);
    assert!(bench.take(link).is_none(), "tags are the service's own");
}

#[test]
fn patches_are_not_kept_for_a_device_that_is_away() {
    // PROTOCOL 9 "While offline".
    let mut bench = Bench::new();
    let link = subscribed(&mut bench);
    bench.drop_socket(link);
    bench.call("PATCH", "/twins/device-1", r#"{"properties":{"desired":{"x":1}}}"#);
    let link = bench.connect("device-1");
    assert!(bench.take(link).is_none());
    bench.publish(link, "$iothub/twin/GET/?$rid=1", b"", 0, 0);
    assert_eq!(body(&bench.take_publish(link))["desired"], json!({"x": 1, "$version": 2}));
}

#[test]
fn a_replacement_reaches_the_device_whole() {
    // PROTOCOL 16 "PUT twin".
    let mut bench = Bench::new();
    let link = subscribed(&mut bench);
    bench.call("PATCH", "/twins/device-1", r#"{"properties":{"desired":{"old":1}}}"#);
    bench.take_publish(link);
    let (status, twin) = bench.call("PUT", "/twins/device-1", r#"{"properties":{"desired":{"new":2}}}"#);
    assert_eq!((status, &twin["properties"]["desired"]["$version"]), (200, &json!(3)));
    assert_eq!(body(&bench.take_publish(link)), json!({"new": 2, "$version": 3}));
    assert_eq!(twin["properties"]["desired"].get("old"), None);
}

#[test]
fn a_stale_etag_is_412_in_both_spellings_of_the_good_one() {
    // PROTOCOL 14.1 "If-Match", trap 32.
    let mut bench = Bench::new();
    let (_, twin) = bench.call("GET", "/twins/device-1", "");
    let etag = twin["etag"].as_str().unwrap().to_owned();
    assert_eq!(etag, "AAAAAAAAAAE=");
    let patch = r#"{"tags":{"a":1}}"#;
    assert_eq!(bench.call_if("PATCH", "/twins/device-1", &format!("\"{etag}\""), patch).0, 200);
    let (status, error) = bench.call_if("PATCH", "/twins/device-1", &format!("\"{etag}\""), patch);
    assert_eq!(status, 412);
    assert!(error["Message"].as_str().unwrap().starts_with("ErrorCode:PreconditionFailed;"));
    for any in ["*", "\"*\""] {
        assert_eq!(bench.call_if("PATCH", "/twins/device-1", any, patch).0, 200);
    }
}

#[test]
fn tags_have_8_kb_and_sections_32() {
    // PROTOCOL 9.1.
    let mut bench = Bench::new();
    let section = |bytes: usize| {
        let chunks = bytes / 4000;
        let fields: Vec<String> =
            (0..chunks).map(|n| format!("\"{n:03}\":\"{}\"", "x".repeat(3997))).collect();
        format!("{{{},\"r\":\"{}\"}}", fields.join(","), "x".repeat(bytes - chunks * 4000 - 1))
    };
    for (bytes, status) in [(8192, 200), (8193, 400)] {
        let body = format!("{{\"tags\":{}}}", section(bytes));
        assert_eq!(bench.call("PUT", "/twins/device-1", &body).0, status, "tags {bytes}");
    }
    for (bytes, status) in [(32_768, 200), (32_769, 400)] {
        let body = format!("{{\"properties\":{{\"desired\":{}}}}}", section(bytes));
        assert_eq!(bench.call("PUT", "/twins/device-1", &body).0, status, "desired {bytes}");
    }
}

#[test]
fn arrays_are_taken_or_by_switch_refused() {
    // PROTOCOL 15 row 14.
    for (refuse_twin_arrays, status) in [(false, "204"), (true, "400")] {
        let switches = Switches { refuse_twin_arrays, ..Switches::default() };
        let mut bench = Bench::with(HubConfig { switches, ..HubConfig::default() });
        let link = subscribed(&mut bench);
        assert!(report(&mut bench, link, r#"{"a":[1]}"#).0.contains(&format!("/res/{status}/")));
    }
}

#[test]
fn the_service_document_has_all_fields_of_9_2() {
    let mut bench = Bench::new();
    let (_, twin) = bench.call("GET", "/twins/device-1", "");
    for field in [
        "deviceId",
        "etag",
        "deviceEtag",
        "status",
        "statusUpdateTime",
        "connectionState",
        "lastActivityTime",
        "cloudToDeviceMessageCount",
        "authenticationType",
        "x509Thumbprint",
        "modelId",
        "version",
        "capabilities",
        "tags",
        "properties",
    ] {
        assert!(twin.get(field).is_some(), "{field}");
    }
    assert_eq!(twin["statusUpdateTime"], "0001-01-01T00:00:00Z");
    assert_eq!(bench.call("GET", "/twins/nobody", "").0, 404);
}

#[test]
fn a_number_is_given_back_as_it_came() {
    let mut bench = Bench::new();
    let link = subscribed(&mut bench);
    let numbers = "[0.30000000000000004,1.2222222222222221e+114,4.5035996273352253e+27,1e-7,-0.1]";
    report(&mut bench, link, &format!("{{\"n\":{numbers}}}"));
    bench.publish(link, "$iothub/twin/GET/?$rid=1", b"", 0, 0);
    let answer = bench.take_publish(link);
    let text = String::from_utf8_lossy(&answer.payload).into_owned();
    assert!(text.contains(numbers), "{text}");
}
