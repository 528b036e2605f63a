//! PROTOCOL 5: every topic of the catalogue.

use crate::helpers::{
    C2D, DESIRED, EVENTS, METHODS, TWIN_ANSWERS, answer, connected, invoke, invoke_at, listening, outcome,
    report, twin_request,
};
use crate::support::Bench;
use iothub_hub::{LinkId, Reason};
use serde_json::json;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn module(filters: &[(&str, u8)]) -> (Bench, LinkId) {
    let mut bench = Bench::new();
    bench.register_module("device-1", "mod_A");
    let hello = bench.hello("device-1", Some("mod_A"));
    let (link, answer) = bench.introduce(&hello);
    assert_eq!(answer, Some((0, false)));
    if !filters.is_empty() {
        bench.subscribed(link, filters);
    }
    bench.events();
    (bench, link)
}

/// PROTOCOL 5, D2C [E]
#[test]
fn telemetry_is_taken_with_and_without_its_slashes() {
    let (mut bench, link) = connected();
    for (topic, properties) in [
        ("devices/device-1/messages/events", json!({})),
        ("devices/device-1/messages/events/", json!({})),
        ("devices/device-1/messages/events/a=1&b=2", json!({"a": "1", "b": "2"})),
        ("devices/device-1/messages/events/a=1&b=2/", json!({"a": "1", "b": "2"})),
    ] {
        bench.publish(link, topic, b"x", 0, 0);
        assert_eq!(bench.events_of("telemetry")[0]["properties"], properties, "{topic}");
    }
}

/// PROTOCOL 5, D2C module
#[test]
fn a_modules_telemetry_names_its_output() {
    let (mut bench, link) = module(&[]);
    for tail in ["%24.on=out1&level=2", "%24.on=out1&level=2/", "$.on=out1&level=2"] {
        bench.publish(link, &format!("devices/device-1/modules/mod_A/messages/events/{tail}"), b"x", 0, 0);
        let event = &bench.events_of("telemetry")[0];
        assert_eq!(event["systemProperties"]["iothub-outputname"], "out1", "{tail}");
        assert_eq!((&event["moduleId"], &event["properties"]), (&json!("mod_A"), &json!({"level": "2"})));
    }
}

/// PROTOCOL 5, C2D subscribe
/// PROTOCOL 5, C2D
#[test]
fn a_message_to_the_device_comes_below_the_filter_with_its_bag() {
    let (mut bench, link) = listening(&[(C2D, 1)]);
    bench.local("POST", crate::helpers::MESSAGES, r#"{"body":"hi","messageId":"m","properties":{"a":"1"}}"#);
    let publish = bench.take_publish(link);
    let to = "%24.to=%2Fdevices%2Fdevice-1%2Fmessages%2Fdevicebound";
    assert_eq!(publish.topic, format!("devices/device-1/messages/devicebound/%24.mid=m&{to}&a=1"));
    assert!(!publish.retain);
}

/// PROTOCOL 5, Module input subscribe
/// PROTOCOL 5, Module input
#[test]
fn both_input_filters_are_granted_and_nothing_ever_comes_on_them() {
    for filter in ["devices/device-1/modules/mod_A/inputs/#", "devices/device-1/modules/mod_A/#"] {
        let (mut bench, link) = module(&[(filter, 1)]);
        bench.publish(link, "devices/device-1/modules/mod_A/messages/events/%24.on=in1/", b"x", 0, 0);
        bench.pass(1_000);
        assert!(bench.take(link).is_none(), "{filter}");
        assert_eq!(bench.reason(link), None);
    }
    let (mut bench, link) = module(&[]);
    bench.publish(link, "devices/device-1/modules/mod_A/inputs/in1/", b"x", 0, 0);
    assert_eq!(bench.reason(link), Some(Reason::UnknownTopic), "inputs are never published by a module");
}

/// PROTOCOL 5, Twin answers subscribe
/// PROTOCOL 5, Twin get [X]
/// PROTOCOL 5, Twin answer
#[test]
fn a_twin_is_asked_for_with_any_body_and_answered_below_the_filter() {
    let (mut bench, link) = listening(&[(TWIN_ANSWERS, 0)]);
    for body in ["", " ", "{\"ignored\":1}"] {
        let (topic, twin) = twin_request(&mut bench, link, "$iothub/twin/GET/?$rid=42", body);
        assert_eq!(topic, "$iothub/twin/res/200/?$rid=42");
        assert_eq!(twin["desired"]["$version"], 1);
    }
    assert_eq!(report(&mut bench, link, "{}").0, "$iothub/twin/res/204/?$rid=r&$version=2");
}

/// PROTOCOL 5, Reported patch
#[test]
fn a_reported_patch_may_be_for_one_version_only() {
    let (mut bench, link) = listening(&[(TWIN_ANSWERS, 0)]);
    let patch = "$iothub/twin/PATCH/properties/reported/?$rid=1";
    for (tail, want) in [
        ("&$version=1", "204/?$rid=1&$version=2"),
        ("&$version=1", "412/?$rid=1&$version=2"),
        ("&$version=2", "204/?$rid=1&$version=3"),
        ("", "204/?$rid=1&$version=4"),
    ] {
        let topic = twin_request(&mut bench, link, &format!("{patch}{tail}"), "{}").0;
        assert_eq!(topic, format!("$iothub/twin/res/{want}"), "{tail}");
    }
}

/// PROTOCOL 5, Desired patch subscribe
/// PROTOCOL 5, Desired patch
#[test]
fn a_desired_patch_comes_with_its_version_in_topic_and_body() {
    let (mut bench, link) = listening(&[(DESIRED, 0)]);
    for version in [2, 3] {
        bench.call("PATCH", "/twins/device-1", r#"{"properties":{"desired":{"x":1}}}"#);
        let publish = bench.take_publish(link);
        assert_eq!(publish.topic, format!("$iothub/twin/PATCH/properties/desired/?$version={version}"));
        assert_eq!(crate::helpers::body_of(&publish), json!({"x": 1, "$version": version}));
    }
}

/// PROTOCOL 5, Method subscribe
/// PROTOCOL 5, Method request
/// PROTOCOL 5, Method answer
#[test]
fn a_method_is_asked_and_answered_with_the_same_rid() {
    let (mut bench, link) = listening(&[(METHODS, 0)]);
    invoke(&mut bench, r#"{"methodName":"doIt","payload":{"a":1}}"#);
    let request = bench.take_publish(link);
    let rid = request.topic.strip_prefix("$iothub/methods/POST/doIt/?$rid=").unwrap();
    assert!(!rid.is_empty());
    answer(&mut bench, link, &request, "200", br#"{"ok":true}"#);
    assert_eq!(outcome(&mut bench), (200, r#"{"status":200,"payload":{"ok":true}}"#.to_owned()));
}

/// PROTOCOL 5, $rid of the device
#[test]
fn a_rid_is_any_text_and_comes_back_untouched() {
    let (mut bench, link) = listening(&[(TWIN_ANSWERS, 0)]);
    for rid in ["1bc9aedd-7f56-4d6c-9a4e-0c3a", "7", "ff", "1700000000123", "a%20b", "A=b", "0"] {
        let topic = twin_request(&mut bench, link, &format!("$iothub/twin/GET/?$rid={rid}"), "").0;
        assert_eq!(topic, format!("$iothub/twin/res/200/?$rid={rid}"));
    }
    for without in ["$iothub/twin/GET/?$rid=", "$iothub/twin/GET/?rid=1", "$iothub/twin/GET/?"] {
        let (mut bench, link) = connected();
        bench.publish(link, without, b"", 0, 0);
        assert_eq!(bench.reason(link), Some(Reason::UnknownTopic), "{without}");
    }
}

/// PROTOCOL 5, $rid of the hub
#[test]
fn the_hubs_rid_is_a_hexadecimal_counter() {
    let (mut bench, link) = listening(&[(METHODS, 0)]);
    let rids: Vec<String> = (0..17)
        .map(|_| {
            invoke(&mut bench, r#"{"methodName":"m"}"#);
            bench.take_publish(link).topic.split("$rid=").nth(1).unwrap().to_owned()
        })
        .collect();
    assert_eq!((rids[0].as_str(), rids[9].as_str(), rids[16].as_str()), ("1", "a", "11"));
}

/// PROTOCOL 5, SDK subscribe QoS
#[test]
fn twin_and_methods_may_be_subscribed_with_0_or_1() {
    for qos in [0, 1] {
        let (mut bench, link) = listening(&[(TWIN_ANSWERS, qos), (DESIRED, qos), (METHODS, qos)]);
        assert!(report(&mut bench, link, "{}").0.contains("/204/"));
        assert!(invoke(&mut bench, r#"{"methodName":"m"}"#).is_none());
        assert_eq!(bench.take_publish(link).qos as u8, qos);
    }
}

/// PROTOCOL 5, Topics of modules
#[test]
fn twin_and_method_topics_are_the_same_for_modules() {
    let (mut bench, link) = module(&[(TWIN_ANSWERS, 0), (DESIRED, 0), (METHODS, 0)]);
    assert_eq!(report(&mut bench, link, r#"{"x":1}"#).0, "$iothub/twin/res/204/?$rid=r&$version=2");
    let reported =
        |bench: &mut Bench, path: &str| bench.call("GET", path, "").1["properties"]["reported"].clone();
    assert_eq!(reported(&mut bench, "/twins/device-1/modules/mod_A")["x"], 1);
    assert_eq!(reported(&mut bench, "/twins/device-1")["$version"], 1, "the device's twin is another");
    assert!(
        invoke_at(&mut bench, "/twins/device-1/modules/mod_A/methods", r#"{"methodName":"m"}"#).is_none()
    );
    assert_eq!(bench.take_publish(link).topic, "$iothub/methods/POST/m/?$rid=1");
}

/// PROTOCOL 5, Order of query fields
#[test]
fn query_fields_are_read_in_any_order() {
    let (mut bench, link) = listening(&[(TWIN_ANSWERS, 0)]);
    let topic = "$iothub/twin/PATCH/properties/reported/?$version=1&other=x&$rid=9";
    assert_eq!(twin_request(&mut bench, link, topic, "{}").0, "$iothub/twin/res/204/?$rid=9&$version=2");
}

/// PROTOCOL 5, Command of a component [S]
#[test]
fn a_component_command_is_a_method_with_a_star() {
    let (mut bench, link) = listening(&[(METHODS, 0)]);
    assert!(invoke(&mut bench, r#"{"methodName":"thermostat1*getMaxMinReport"}"#).is_none());
    let topic = bench.take_publish(link).topic;
    assert_eq!(topic, "$iothub/methods/POST/thermostat1*getMaxMinReport/?$rid=1");
    bench.publish(link, EVENTS, b"x", 0, 0);
    assert_eq!(bench.reason(link), None);
}
