//! PROTOCOL 15: where the sources disagree, the default and the switch.

use crate::helpers::{
    C2D, EVENTS, METHODS, TWIN_ANSWERS, answer, code, configured, connected, delivered, invoke, new_number,
    old_name, outcome, publish_flagged, refused, report, switched, told, twin_request, waiting,
};
use crate::support::{Bench, Hello, START_MS, token};
use iothub_hub::{FIRST_DEVICE_KEY, LinkId, Reason, Switches};
use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const GET: &str = "$iothub/twin/GET/?$rid=g";

/// The default hub, and the hub with one switch thrown, each with its link and these subscriptions.
fn both(switch: fn(&mut Switches), filters: &[(&str, u8)]) -> [(Bench, LinkId); 2] {
    [Bench::new(), switched(switch)].map(|mut bench| {
        let link = bench.connect("device-1");
        if !filters.is_empty() {
            bench.subscribed(link, filters);
        }
        bench.events();
        (bench, link)
    })
}

/// PROTOCOL 15, 1 Twin GET status
/// PROTOCOL 15, 2 Reported PATCH status
#[test]
fn a_read_is_200_and_a_patch_204_or_by_switch_the_other_way_round() {
    let hubs = both(|switches| switches.old_twin_statuses = true, &[(TWIN_ANSWERS, 0)]);
    for ((mut bench, link), (get, patch)) in hubs.into_iter().zip([(200, 204), (204, 200)]) {
        let (topic, twin) = twin_request(&mut bench, link, GET, "");
        assert_eq!(topic, format!("$iothub/twin/res/{get}/?$rid=g"));
        assert_eq!(twin["desired"]["$version"], 1, "the body comes either way");
        assert_eq!(report(&mut bench, link, "{}").0, format!("$iothub/twin/res/{patch}/?$rid=r&$version=2"));
        assert!(report(&mut bench, link, "[]").0.contains("/400/"));
    }
}

/// PROTOCOL 15, 3 Twin body wrapper
#[test]
fn a_twin_is_bare_or_by_switch_wrapped() {
    let hubs = both(|switches| switches.wrapped_twin = true, &[(TWIN_ANSWERS, 0)]);
    let bare = json!({"desired": {"$version": 1}, "reported": {"$version": 1}});
    for ((mut bench, link), want) in hubs.into_iter().zip([bare.clone(), json!({"properties": bare})]) {
        assert_eq!(twin_request(&mut bench, link, GET, "").1, want);
    }
}

/// PROTOCOL 15, 4 Retain property
#[test]
fn retain_is_stamped_under_the_new_name_or_by_switch_the_old_one() {
    let hubs = both(|switches| switches.old_retain_name = true, &[]);
    for ((mut bench, link), name) in hubs.into_iter().zip(["mqtt-retain", "x-opt-retain"]) {
        publish_flagged(&mut bench, link, EVENTS, 1, false, true);
        assert_eq!(bench.events_of("telemetry")[0]["properties"], json!({name: "true"}));
    }
}

/// PROTOCOL 15, 5 api-version
#[test]
fn a_device_needs_no_api_version_or_by_switch_does() {
    let hubs = both(|switches| switches.require_api_version = true, &[]);
    for ((mut bench, _), want) in hubs.into_iter().zip([0, 5]) {
        let hello = Hello { user_name: "localhost/device-1".into(), ..bench.hello("device-1", None) };
        assert_eq!(code(&mut bench, &hello), want);
        let hello = bench.hello("device-1", None);
        assert_eq!(code(&mut bench, &hello), 0, "with one it is let in either way");
    }
}

/// PROTOCOL 15, 6 ? in user name
#[test]
fn the_query_is_read_with_and_without_its_question_mark() {
    let mut bench = Bench::new();
    for mark in ["?", ""] {
        let user_name = format!("localhost/device-1/{mark}api-version=2021-04-12");
        let hello = Hello { user_name, ..bench.hello("device-1", None) };
        assert_eq!(code(&mut bench, &hello), 0);
        assert_eq!(bench.events_of("connection").last().unwrap()["apiVersion"], "2021-04-12");
    }
}

/// PROTOCOL 15, 7 ? before the bag
#[test]
fn a_question_mark_is_kept_from_devices_and_written_only_by_switch() {
    let hubs = both(|switches| switches.question_mark_bag = true, &[(C2D, 1)]);
    for ((mut bench, link), mark) in hubs.into_iter().zip(["", "?"]) {
        assert_eq!(told(&mut bench, link, "?a=1")["properties"], json!({"?a": "1"}));
        let topic = delivered(&mut bench, link, &json!({"messageId": "m"})).topic;
        assert!(
            topic.starts_with(&format!("devices/device-1/messages/devicebound/{mark}%24.mid=m&")),
            "{topic}"
        );
    }
}

/// PROTOCOL 15, 8 SAS sr escaping
#[test]
fn any_escaping_of_sr_is_signed_as_it_came_and_an_empty_skn_is_no_policy() {
    let mut bench = Bench::new();
    for sr in
        ["localhost%2fdevices%2fdevice-1", "localhost%2Fdevices%2Fdevice-1", "localhost/devices/device-1"]
    {
        for tail in ["", "&skn="] {
            let made = token(sr, FIRST_DEVICE_KEY, START_MS / 1000 + 60, None);
            let hello = Hello { password: format!("{made}{tail}"), ..bench.hello("device-1", None) };
            assert_eq!(code(&mut bench, &hello), 0, "{sr}{tail}");
        }
    }
}

/// PROTOCOL 15, 9 SAS expiry on a live link
#[test]
fn a_live_link_outlives_its_token_by_ten_minutes_or_what_was_set() {
    for (grace_ms, life) in [(None, 660_000), (Some(300_000), 360_000)] {
        let mut bench = configured(|config| config.sas_grace_ms = grace_ms.unwrap_or(config.sas_grace_ms));
        let password = token("localhost/devices/device-1", FIRST_DEVICE_KEY, START_MS / 1000 + 60, None);
        let hello = Hello { password, keep_alive: 0, ..bench.hello("device-1", None) };
        let (link, _) = bench.introduce(&hello);
        bench.pass(life - 1);
        assert_eq!(bench.reason(link), None);
        bench.pass(1);
        assert_eq!(bench.reason(link), Some(Reason::TokenExpired));
    }
}

/// PROTOCOL 15, 10 Delivery count
#[test]
fn redeliveries_do_not_count_or_by_switch_do() {
    let hubs = both(|switches| switches.count_redeliveries = true, &[(C2D, 1)]);
    for ((mut bench, mut link), left) in hubs.into_iter().zip([1, 0]) {
        bench.send("device-1", "x");
        for _ in 0..10 {
            bench.drop_socket(link);
            link = bench.connect("device-1");
        }
        assert_eq!(waiting(&mut bench), left);
    }
}

/// PROTOCOL 15, 11 Clean session 1 and queued C2D
#[test]
fn a_clean_session_keeps_what_waits_or_by_switch_discards_it() {
    let hubs = both(|switches| switches.purge_on_clean_session = true, &[]);
    for ((mut bench, _), left) in hubs.into_iter().zip([1, 0]) {
        bench.send("device-1", "x");
        let clean = Hello { clean: true, ..bench.hello("device-1", None) };
        bench.introduce(&clean);
        assert_eq!(waiting(&mut bench), left);
    }
}

/// PROTOCOL 15, 12 C2D before the first session
#[test]
fn what_is_sent_before_the_first_session_is_queued() {
    let mut bench = Bench::new();
    for _ in 0..50 {
        assert_eq!(bench.send("device-1", "x"), 201);
    }
    let link = bench.connect("device-1");
    bench.subscribed(link, &[(C2D, 1)]);
    for _ in 0..50 {
        bench.take_publish(link);
    }
}

/// PROTOCOL 15, 13 Unknown topic/filter
#[test]
fn an_unknown_topic_drops_the_link_or_by_switch_is_stored_or_ignored() {
    let hubs = both(|switches| switches.store_unmatched = true, &[]);
    for ((mut bench, link), stored) in hubs.into_iter().zip([false, true]) {
        bench.publish(link, "devices/device-1/message/events/", b"x", 1, 1);
        let want = if stored { None } else { Some(Reason::UnknownTopic) };
        assert_eq!(bench.reason(link), want);
        let told = bench.events_of("telemetry");
        let marks = json!({"$PG.Unmatched": "True", "$PG.Subject": "devices/device-1/message/events/"});
        assert_eq!(told.first().map(|event| event["properties"].clone()), stored.then_some(marks));
        assert_eq!(bench.take(link).is_some(), stored, "a PUBACK when it is stored");
    }
    let (mut bench, link) = connected();
    bench.subscribe(link, &[("no/such/filter", 1)]);
    assert_eq!(bench.reason(link), Some(Reason::UnknownFilter));
    let mut bench = switched(|switches| switches.lenient = true);
    let link = bench.connect("device-1");
    bench.publish(link, "no/such/topic", b"x", 1, 1);
    assert!(bench.take(link).is_some(), "a PUBACK");
    bench.subscribed(link, &[("no/such/filter", 1)]);
    assert_eq!(bench.reason(link), None);
}

/// PROTOCOL 15, 14 Twin arrays
#[test]
fn arrays_are_taken_or_by_switch_refused() {
    let hubs = both(|switches| switches.refuse_twin_arrays = true, &[(TWIN_ANSWERS, 0)]);
    for ((mut bench, link), (mqtt, rest)) in hubs.into_iter().zip([("/204/", 200), ("/400/", 400)]) {
        assert!(report(&mut bench, link, r#"{"a":[1]}"#).0.contains(mqtt));
        assert_eq!(bench.call("PATCH", "/twins/device-1", r#"{"tags":{"a":[1]}}"#).0, rest);
    }
}

/// PROTOCOL 15, 15 Twin size/depth
#[test]
fn twins_have_32_kb_and_depth_10_or_by_switch_8_kb_and_depth_5() {
    let deep = |levels: usize| (0..levels).fold(json!({"x": 1}), |inner, _| json!({"n": inner}));
    let large = |bytes: usize| {
        let mut section = json!({});
        for n in 0..bytes / 4_096 {
            section[format!("{n:02}")] = Value::String("x".repeat(4_094));
        }
        section
    };
    let hubs = both(|switches| switches.old_twin_limits = true, &[(TWIN_ANSWERS, 0)]);
    for ((mut bench, link), (depth, bytes)) in hubs.into_iter().zip([(10, 32_768), (5, 8_192)]) {
        assert!(report(&mut bench, link, &deep(depth).to_string()).0.contains("/204/"));
        let (topic, error) = report(&mut bench, link, &deep(depth + 1).to_string());
        assert!(topic.contains("/400/"));
        assert!(
            error["message"].as_str().unwrap().contains(&format!("deeper than {depth} objects")),
            "{error}"
        );
        let put = |desired: &Value| json!({"properties": {"desired": desired}}).to_string();
        assert_eq!(bench.call("PUT", "/twins/device-1", &put(&large(bytes))).0, 200);
        let (status, error) = bench.call("PATCH", "/twins/device-1", &put(&json!({"more": 1})));
        assert_eq!((status, old_name(&error)), (400, "ArgumentInvalid"));
        assert_eq!(bench.call("PATCH", "/twins/device-1", &json!({"tags": large(8_192)}).to_string()).0, 200);
    }
}

/// PROTOCOL 15, 16 Error body
#[test]
fn the_registry_answers_errors_in_the_old_form_and_methods_in_the_new() {
    let mut bench = Bench::new();
    assert_eq!(old_name(&bench.call("GET", "/devices/nobody", "").1), "DeviceNotFound");
    assert_eq!(old_name(&bench.call("GET", "/twins/nobody", "").1), "DeviceNotFound");
    assert_eq!(new_number(&invoke(&mut bench, r#"{"methodName":"m"}"#).unwrap().1), 404_103);
}

/// PROTOCOL 15, 17 Keep-alive limit
#[test]
fn the_limit_is_1767_seconds_and_not_29_minutes_45() {
    for (keep_alive, silence_ms) in [(1_177, 1_765_500), (1_190, 1_767_000)] {
        let mut bench = Bench::new();
        let password = token("localhost/devices/device-1", FIRST_DEVICE_KEY, START_MS / 1000 + 9_999, None);
        let hello = Hello { keep_alive, password, ..bench.hello("device-1", None) };
        let (link, _) = bench.introduce(&hello);
        bench.pass(silence_ms - 1);
        assert_eq!(bench.reason(link), None);
        bench.pass(1);
        assert_eq!(bench.reason(link), Some(Reason::KeepAliveTimeout));
    }
}

/// PROTOCOL 15, 19 $.to case
#[test]
fn to_ends_in_lower_case_or_by_switch_in_camel_case_and_the_topic_never_does() {
    let hubs = both(|switches| switches.camel_case_to = true, &[(C2D, 1)]);
    for ((mut bench, link), last) in hubs.into_iter().zip(["devicebound", "deviceBound"]) {
        let topic = delivered(&mut bench, link, &json!({"messageId": "m"})).topic;
        let bag = format!("%24.mid=m&%24.to=%2Fdevices%2Fdevice-1%2Fmessages%2F{last}");
        assert_eq!(topic, format!("devices/device-1/messages/devicebound/{bag}"));
    }
}

/// PROTOCOL 15, 21 404103 / 404102
#[test]
fn a_device_that_is_not_online_is_404103() {
    let (mut bench, link) = connected();
    assert_eq!(new_number(&invoke(&mut bench, r#"{"methodName":"m"}"#).unwrap().1), 404_103);
    bench.subscribed(link, &[(METHODS, 0)]);
    assert!(invoke(&mut bench, r#"{"methodName":"m"}"#).is_none());
    let request = bench.take_publish(link);
    answer(&mut bench, link, &request, "200", b"1");
    assert_eq!(outcome(&mut bench).0, 200);
}

/// PROTOCOL 15, 22 Disabled device CONNACK
#[test]
fn a_disabled_device_gets_3_or_by_switch_5() {
    let hubs = both(|switches| switches.disabled_is_refused = true, &[]);
    for ((mut bench, _), want) in hubs.into_iter().zip([3, 5]) {
        bench.call_if("PUT", "/devices/device-1", "*", r#"{"status":"disabled"}"#);
        let hello = bench.hello("device-1", None);
        refused(&mut bench, &hello, want, Reason::DeviceDisabled);
    }
}

/// PROTOCOL 15, 24 Module subscribe filter
#[test]
fn a_module_may_subscribe_to_either_filter() {
    for tail in ["#", "inputs/#"] {
        let mut bench = Bench::new();
        bench.register_module("device-1", "m");
        let hello = bench.hello("device-1", Some("m"));
        let (link, _) = bench.introduce(&hello);
        bench.subscribed(link, &[(&format!("devices/device-1/modules/m/{tail}"), 1)]);
        assert_eq!(bench.reason(link), None);
    }
}
