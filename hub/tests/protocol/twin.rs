//! PROTOCOL 9: twins over MQTT.

use crate::helpers::{DESIRED, TWIN_ANSWERS, body_of, connected, listening, report, twin_request};
use crate::support::Bench;
use iothub_hub::LinkId;
use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const GET: &str = "$iothub/twin/GET/?$rid=g";

fn desire(bench: &mut Bench, desired: &Value) -> Value {
    let body = json!({"properties": {"desired": desired}}).to_string();
    let (status, twin) = bench.call("PATCH", "/twins/device-1", &body);
    assert_eq!(status, 200, "{twin}");
    twin
}

fn read(bench: &mut Bench, link: LinkId) -> Value {
    let (topic, twin) = twin_request(bench, link, GET, "");
    assert_eq!(topic, "$iothub/twin/res/200/?$rid=g");
    twin
}

/// PROTOCOL 9, Need [D]
#[test]
fn an_answer_before_the_subscription_is_lost_though_the_patch_counts() {
    let (mut bench, link) = connected();
    bench.publish(link, GET, b"", 0, 0);
    bench.publish(link, "$iothub/twin/PATCH/properties/reported/?$rid=p", b"{\"a\":1}", 0, 0);
    bench.subscribed(link, &[(TWIN_ANSWERS, 0)]);
    assert!(bench.take(link).is_none());
    assert_eq!(read(&mut bench, link)["reported"], json!({"a": 1, "$version": 2}));
}

/// PROTOCOL 9, GET success [DIS]
#[test]
fn get_is_200_with_bare_sections_and_without_tags_or_metadata() {
    let (mut bench, link) = listening(&[(TWIN_ANSWERS, 0)]);
    let body = r#"{"tags":{"t":1},"properties":{"desired":{"x":{"y":1}}}}"#;
    assert_eq!(bench.call("PATCH", "/twins/device-1", body).0, 200);
    let want = json!({"desired": {"x": {"y": 1}, "$version": 2}, "reported": {"$version": 1}});
    assert_eq!(read(&mut bench, link), want);
}

/// PROTOCOL 9, PATCH success [DIS]
#[test]
fn patch_is_204_without_a_body_and_with_the_new_version() {
    let (mut bench, link) = listening(&[(TWIN_ANSWERS, 0)]);
    for version in 2..5 {
        bench.publish(link, "$iothub/twin/PATCH/properties/reported/?$rid=p", b"{\"a\":1}", 0, 0);
        let answer = bench.take_publish(link);
        assert_eq!(answer.topic, format!("$iothub/twin/res/204/?$rid=p&$version={version}"));
        assert!(answer.payload.is_empty());
    }
}

/// PROTOCOL 9, Other statuses [D]
#[test]
fn bad_requests_are_400_failed_conditions_412_and_faults_what_they_say() {
    let (mut bench, link) = listening(&[(TWIN_ANSWERS, 0)]);
    assert_eq!(report(&mut bench, link, "no json").0, "$iothub/twin/res/400/?$rid=r");
    let patch = "$iothub/twin/PATCH/properties/reported/?$rid=r&$version=9";
    let (topic, error) = twin_request(&mut bench, link, patch, "{}");
    assert_eq!(topic, "$iothub/twin/res/412/?$rid=r&$version=1");
    assert_eq!(error["errorCode"], 412_001);
    for (code, status) in [(429, 429), (500, 500), (503_001, 503)] {
        let fault = json!({"kind": "twin-error", "code": code, "count": 1}).to_string();
        assert_eq!(bench.local("POST", "/local/faults", &fault).0, 201);
        let topic = twin_request(&mut bench, link, GET, "").0;
        assert_eq!(topic, format!("$iothub/twin/res/{status}/?$rid=g"));
    }
}

/// PROTOCOL 9, Error body [I]
#[test]
fn an_error_says_code_tracking_id_message_and_time() {
    let (mut bench, link) = listening(&[(TWIN_ANSWERS, 0)]);
    let (_, error) = report(&mut bench, link, "[]");
    assert_eq!(error["errorCode"], 400_004);
    assert!(!error["trackingId"].as_str().unwrap().is_empty());
    assert!(error["message"].as_str().unwrap().contains("object"));
    let at = error["timestampUtc"].as_str().unwrap();
    assert!(at.starts_with("2027-01-01T00:00:00.") && at.ends_with('Z'), "{at}");
}

/// PROTOCOL 9, $version inside a reported patch [I]
#[test]
fn the_fetched_twin_sent_back_with_its_version_is_400004() {
    let (mut bench, link) = listening(&[(TWIN_ANSWERS, 0)]);
    let reported = read(&mut bench, link)["reported"].to_string();
    let (topic, error) = report(&mut bench, link, &reported);
    assert_eq!((topic.as_str(), &error["errorCode"]), ("$iothub/twin/res/400/?$rid=r", &json!(400_004)));
    let nested = report(&mut bench, link, r#"{"a":{"$version":1}}"#).0;
    assert_eq!(nested, "$iothub/twin/res/400/?$rid=r");
    assert_eq!(read(&mut bench, link)["reported"], json!({"$version": 1}));
}

/// PROTOCOL 9, Merge rule [D]
#[test]
fn objects_merge_null_deletes_and_everything_else_replaces() {
    let (mut bench, link) = listening(&[(TWIN_ANSWERS, 0)]);
    let mut want = json!({});
    for (patch, now) in [
        (r#"{"a":{"x":1,"y":2},"b":1,"c":[1,2],"d":{"e":{"f":1}}}"#, None),
        (r#"{"a":{"x":null,"z":3},"b":{"n":1},"c":[3],"d":{"e":{"f":null}}}"#, None),
        (r#"{"none":null,"d":null,"a":"text"}"#, Some(json!({"a": "text", "b": {"n": 1}, "c": [3]}))),
    ] {
        assert!(report(&mut bench, link, patch).0.contains("/204/"));
        if let Some(now) = now {
            want = now;
        }
    }
    want["$version"] = json!(4);
    assert_eq!(read(&mut bench, link)["reported"], want);
}

/// PROTOCOL 9, Versions [D?]
#[test]
fn each_section_counts_its_own_changes_from_one() {
    let (mut bench, link) = listening(&[(TWIN_ANSWERS, 0)]);
    let versions =
        |twin: &Value| (twin["desired"]["$version"].as_u64(), twin["reported"]["$version"].as_u64());
    assert_eq!(versions(&read(&mut bench, link)), (Some(1), Some(1)));
    desire(&mut bench, &json!({"x": 1}));
    report(&mut bench, link, r#"{"x":1}"#);
    report(&mut bench, link, r#"{"x":1}"#);
    report(&mut bench, link, "[]");
    bench.call("PATCH", "/twins/device-1", r#"{"tags":{"t":1}}"#);
    assert_eq!(versions(&read(&mut bench, link)), (Some(2), Some(3)));
}

/// PROTOCOL 9, Order of reported patches [I]
#[test]
fn patches_in_flight_are_applied_as_they_came() {
    let (mut bench, link) = listening(&[(TWIN_ANSWERS, 1)]);
    for n in 0..20 {
        let topic = format!("$iothub/twin/PATCH/properties/reported/?$rid={n}");
        bench.publish(link, &topic, format!("{{\"n\":{n}}}").as_bytes(), 0, 0);
    }
    for n in 0..20 {
        assert_eq!(
            bench.take_publish(link).topic,
            format!("$iothub/twin/res/204/?$rid={n}&$version={}", n + 2)
        );
    }
    assert_eq!(read(&mut bench, link)["reported"]["n"], 19);
}

/// PROTOCOL 9, Desired patch [D]
#[test]
fn a_desired_patch_is_the_patch_with_its_version_and_null_for_deletions() {
    let (mut bench, link) = listening(&[(DESIRED, 1)]);
    desire(&mut bench, &json!({"a": {"b": 1}, "c": 2}));
    assert_eq!(body_of(&bench.take_publish(link)), json!({"a": {"b": 1}, "c": 2, "$version": 2}));
    let twin = desire(&mut bench, &json!({"a": {"b": null}, "c": null, "never": null}));
    let patch = bench.take_publish(link);
    assert_eq!(patch.topic, "$iothub/twin/PATCH/properties/desired/?$version=3");
    assert_eq!(body_of(&patch), json!({"a": {"b": null}, "c": null, "never": null, "$version": 3}));
    assert_eq!(twin["properties"]["desired"]["a"], json!({}));
    bench.call("PATCH", "/twins/device-1", r#"{"tags":{"t":1}}"#);
    assert!(bench.take(link).is_none(), "tags are the service's own");
}

/// PROTOCOL 9, While offline [D]
#[test]
fn a_patch_for_an_absent_device_is_not_queued() {
    let (mut bench, link) = listening(&[(DESIRED, 1), (TWIN_ANSWERS, 0)]);
    bench.drop_socket(link);
    desire(&mut bench, &json!({"x": 1}));
    let link = bench.connect("device-1");
    assert!(bench.take(link).is_none());
    assert_eq!(read(&mut bench, link)["desired"], json!({"x": 1, "$version": 2}));
    bench.drop_socket(link);
    // Nor is one that was sent and not acknowledged sent again.
    let link = bench.connect("device-1");
    desire(&mut bench, &json!({"x": 2}));
    assert_eq!(body_of(&bench.take_publish(link))["x"], 2);
    bench.drop_socket(link);
    let link = bench.connect("device-1");
    assert!(bench.take(link).is_none());
}

/// PROTOCOL 9, 429 [I]
#[test]
fn a_throttled_request_is_429_and_changes_nothing() {
    let (mut bench, link) = listening(&[(TWIN_ANSWERS, 0)]);
    bench.local("POST", "/local/faults", r#"{"kind":"twin-error","code":429,"count":2}"#);
    let (topic, error) = report(&mut bench, link, r#"{"a":1}"#);
    assert_eq!((topic.as_str(), &error["errorCode"]), ("$iothub/twin/res/429/?$rid=r", &json!(429_001)));
    assert_eq!(twin_request(&mut bench, link, GET, "").0, "$iothub/twin/res/429/?$rid=g");
    assert_eq!(read(&mut bench, link)["reported"], json!({"$version": 1}));
}

/// PROTOCOL 9, Classifying answers [I]
#[test]
fn every_answer_carries_the_rid_of_its_question_also_a_400() {
    let (mut bench, link) = listening(&[(TWIN_ANSWERS, 0)]);
    for (topic, body, want) in [
        ("$iothub/twin/GET/?$rid=a1", "", "200/?$rid=a1"),
        ("$iothub/twin/PATCH/properties/reported/?$rid=b2", "{}", "204/?$rid=b2&$version=2"),
        ("$iothub/twin/PATCH/properties/reported/?$rid=c3", "x", "400/?$rid=c3"),
        ("$iothub/twin/PATCH/properties/reported/?$rid=d4&$version=1", "{}", "412/?$rid=d4&$version=2"),
    ] {
        assert_eq!(twin_request(&mut bench, link, topic, body).0, format!("$iothub/twin/res/{want}"));
    }
}

/// PROTOCOL 9, Body of GET request [X]
#[test]
fn the_body_of_a_get_is_ignored() {
    let (mut bench, link) = listening(&[(TWIN_ANSWERS, 0)]);
    for body in ["", " ", "no json", "{\"desired\":1}"] {
        let (topic, twin) = twin_request(&mut bench, link, GET, body);
        assert_eq!(topic, "$iothub/twin/res/200/?$rid=g");
        assert_eq!(twin, json!({"desired": {"$version": 1}, "reported": {"$version": 1}}));
    }
}
