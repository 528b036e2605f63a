//! PROTOCOL 9.2: the twin as a service reads it.

use crate::helpers::{TWIN_ANSWERS, connected, listening, report};
use crate::support::{Bench, Hello};
use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn twin(bench: &mut Bench, path: &str) -> Value {
    let (status, twin) = bench.call("GET", &format!("/twins/{path}"), "");
    assert_eq!(status, 200, "{twin}");
    twin
}

/// PROTOCOL 9.2, Fields
#[test]
fn the_document_has_every_field_with_its_value() {
    let mut bench = Bench::new();
    let user_name = "localhost/device-1/?api-version=2021-04-12&model-id=dtmi:a;1".to_owned();
    let hello = Hello { user_name, ..bench.hello("device-1", None) };
    bench.introduce(&hello);
    bench.send("device-1", "x");
    bench.call("PATCH", "/twins/device-1", r#"{"tags":{"floor":1}}"#);
    let document = twin(&mut bench, "device-1");
    for (field, want) in [
        ("deviceId", json!("device-1")),
        ("status", json!("enabled")),
        ("connectionState", json!("Connected")),
        ("cloudToDeviceMessageCount", json!(1)),
        ("authenticationType", json!("sas")),
        ("x509Thumbprint", json!({"primaryThumbprint": null, "secondaryThumbprint": null})),
        ("modelId", json!("dtmi:a;1")),
        ("version", json!(2)),
        ("capabilities", json!({"iotEdge": false})),
        ("tags", json!({"floor": 1})),
    ] {
        assert_eq!(document[field], want, "{field}");
    }
    assert!(document["deviceEtag"].is_string());
    assert!(document["lastActivityTime"].as_str().unwrap().starts_with("2027-01-01T00:00:00"));
    assert_eq!(document.get("moduleId"), None);
    bench.register_module("device-1", "m");
    assert_eq!(twin(&mut bench, "device-1/modules/m")["moduleId"], "m");
}

/// PROTOCOL 9.2, Fields
#[test]
fn status_and_reason_follow_the_registry() {
    let (mut bench, _) = connected();
    let body = r#"{"status":"disabled","statusReason":"stolen"}"#;
    assert_eq!(bench.call_if("PUT", "/devices/device-1", "*", body).0, 200);
    let document = twin(&mut bench, "device-1");
    assert_eq!((&document["status"], &document["statusReason"]), (&json!("disabled"), &json!("stolen")));
    assert_eq!(document["connectionState"], "Disconnected");
    assert!(document["statusUpdateTime"].as_str().unwrap().starts_with("2027-"));
}

/// PROTOCOL 9.2, Fields
#[test]
fn metadata_has_times_at_every_level_and_versions_only_under_desired() {
    let (mut bench, link) = listening(&[(TWIN_ANSWERS, 0)]);
    bench.call("PATCH", "/twins/device-1", r#"{"properties":{"desired":{"a":{"b":1},"c":1}}}"#);
    bench.pass(2_000);
    bench.call("PATCH", "/twins/device-1", r#"{"properties":{"desired":{"a":{"b":2}}}}"#);
    report(&mut bench, link, r#"{"x":{"y":1}}"#);
    let properties = twin(&mut bench, "device-1")["properties"].clone();
    let desired = &properties["desired"]["$metadata"];
    let at = |value: &Value| value["$lastUpdated"].as_str().unwrap().to_owned();
    let (first, second) = ("2027-01-01T00:00:00.0000000Z", "2027-01-01T00:00:02.0000000Z");
    assert_eq!([at(desired), at(&desired["a"]), at(&desired["a"]["b"])], [second, second, second]);
    assert_eq!(at(&desired["c"]), first);
    let versions =
        [desired, &desired["a"], &desired["a"]["b"], &desired["c"]].map(|v| v["$lastUpdatedVersion"].clone());
    assert_eq!(versions, [json!(3), json!(3), json!(3), json!(2)]);
    let reported = &properties["reported"]["$metadata"];
    assert_eq!([at(reported), at(&reported["x"]), at(&reported["x"]["y"])], [second, second, second]);
    assert!(!reported.to_string().contains("$lastUpdatedVersion"));
}

/// PROTOCOL 9.2, Unset times
#[test]
fn a_time_that_never_was_is_the_year_1() {
    let mut bench = Bench::new();
    let document = twin(&mut bench, "device-1");
    for field in ["statusUpdateTime", "lastActivityTime"] {
        assert_eq!(document[field], "0001-01-01T00:00:00Z", "{field}");
    }
    let device = bench.call("GET", "/devices/device-1", "").1;
    for field in ["connectionStateUpdatedTime", "statusUpdatedTime", "lastActivityTime"] {
        assert_eq!(device[field], "0001-01-01T00:00:00Z", "{field}");
    }
}

/// PROTOCOL 9.2, Etag
#[test]
fn the_etag_is_an_eight_byte_counter_in_base64() {
    let (mut bench, link) = listening(&[(TWIN_ANSWERS, 0)]);
    assert_eq!(twin(&mut bench, "device-1")["etag"], "AAAAAAAAAAE=");
    for _ in 0..6 {
        report(&mut bench, link, "{}");
    }
    assert_eq!(twin(&mut bench, "device-1")["etag"], "AAAAAAAAAAc=");
}

/// PROTOCOL 9.2, A twin always exists
#[test]
fn a_twin_comes_and_goes_with_its_identity() {
    let mut bench = Bench::new();
    assert_eq!(bench.call("GET", "/twins/new", "").0, 404);
    bench.register("new");
    bench.call("PATCH", "/twins/new", r#"{"tags":{"t":1}}"#);
    bench.call_if("DELETE", "/devices/new", "*", "");
    assert_eq!(bench.call("GET", "/twins/new", "").0, 404);
    bench.register("new");
    assert_eq!(twin(&mut bench, "new")["tags"], json!({}), "a new identity, a new twin");
}
