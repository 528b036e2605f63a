//! PROTOCOL 16: what nobody knows for certain, as this hub has decided it.

use crate::helpers::{
    C2D, DESIRED, METHODS, TWIN_ANSWERS, body_of, connected, invoke, listening, refused, report, waiting,
};
use crate::support::{Bench, Hello};
use iothub_hub::Reason;
use serde_json::json;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// PROTOCOL 16, CONNACK for a wrong host [?]
#[test]
fn a_wrong_host_in_the_user_name_is_5() {
    let mut bench = Bench::new();
    let user_name = "other.azure-devices.net/device-1/?api-version=2021-04-12".to_owned();
    let hello = Hello { user_name, ..bench.hello("device-1", None) };
    refused(&mut bench, &hello, 5, Reason::HostMismatch);
}

/// PROTOCOL 16, A no-op PATCH [?]
#[test]
fn a_patch_that_changes_nothing_raises_the_version() {
    let (mut bench, link) = listening(&[(TWIN_ANSWERS, 0), (DESIRED, 0)]);
    report(&mut bench, link, r#"{"a":1}"#);
    for (patch, version) in [(r#"{"a":1}"#, 3), ("{}", 4), (r#"{"b":null}"#, 5)] {
        assert!(report(&mut bench, link, patch).0.ends_with(&format!("&$version={version}")), "{patch}");
    }
    bench.call("PATCH", "/twins/device-1", r#"{"properties":{"desired":{}}}"#);
    assert_eq!(body_of(&bench.take_publish(link)), json!({"$version": 2}));
}

/// PROTOCOL 16, Session state across days [?]
#[test]
fn subscriptions_are_kept_for_days() {
    let (mut bench, link) = listening(&[(C2D, 1), (METHODS, 0)]);
    bench.drop_socket(link);
    bench.pass(30 * 86_400_000);
    let hello = bench.hello("device-1", None);
    let (link, answer) = bench.introduce(&hello);
    assert_eq!(answer, Some((0, true)));
    bench.send("device-1", "x");
    bench.take_publish(link);
    assert!(invoke(&mut bench, r#"{"methodName":"m"}"#).is_none());
}

/// PROTOCOL 16, Method $rid alphabet [?]
#[test]
fn a_rid_of_the_hub_is_lower_case_hexadecimal() {
    let (mut bench, link) = listening(&[(METHODS, 0)]);
    for _ in 0..40 {
        invoke(&mut bench, r#"{"methodName":"m"}"#);
        let topic = bench.take_publish(link).topic;
        let rid = topic.split("$rid=").nth(1).unwrap();
        assert!(!rid.is_empty() && rid.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')), "{rid}");
    }
}

/// PROTOCOL 16, PUT twin [?]
#[test]
fn a_replacement_reaches_the_device_as_the_full_section_with_its_version() {
    let (mut bench, link) = listening(&[(DESIRED, 0)]);
    bench.call("PATCH", "/twins/device-1", r#"{"properties":{"desired":{"old":1,"kept":2}}}"#);
    bench.take_publish(link);
    bench.call("PUT", "/twins/device-1", r#"{"properties":{"desired":{"kept":2,"new":3}}}"#);
    let patch = bench.take_publish(link);
    assert_eq!(patch.topic, "$iothub/twin/PATCH/properties/desired/?$version=3");
    assert_eq!(body_of(&patch), json!({"kept": 2, "new": 3, "$version": 3}));
}

/// PROTOCOL 16, Window of un-acked C2D [?]
#[test]
fn all_fifty_may_be_on_the_link_unacknowledged() {
    let (mut bench, link) = listening(&[(C2D, 1)]);
    for _ in 0..50 {
        assert_eq!(bench.send("device-1", "x"), 201);
    }
    let mut ids: Vec<u16> = (0..50).map(|_| bench.take_publish(link).pkid).collect();
    ids.dedup();
    assert_eq!((ids.len(), waiting(&mut bench)), (50, 50));
}

/// PROTOCOL 16, Subscriptions above five [?]
#[test]
fn a_sixth_subscription_drops_the_link() {
    let (mut bench, link) = connected();
    for filter in [C2D, "devices/+/messages/devicebound/#", TWIN_ANSWERS, DESIRED, METHODS] {
        bench.subscribed(link, &[(filter, 1)]);
    }
    bench.subscribe(link, &[("devices/+/messages/deviceBound/#", 1)]);
    assert_eq!(bench.reason(link), Some(Reason::TooManySubscriptions));
}
