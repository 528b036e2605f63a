//! PROTOCOL 14.4: how much a tier takes.

use crate::helpers::{EVENTS, MESSAGES, METHODS, TWIN_ANSWERS, configured, old_name, report, twin_request};
use crate::support::Bench;
use iothub_hub::{LinkId, Reason, Tier};
use iothub_protocol::packet::Packet;
use serde_json::json;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn tiered() -> Bench {
    configured(|config| config.tier = Some(Tier::S1))
}

fn acks(bench: &mut Bench, link: LinkId) -> usize {
    std::iter::from_fn(|| bench.take(link)).filter(|packet| matches!(packet, Packet::PubAck(_))).count()
}

/// At which call the first 429 comes.
fn first_429(mut call: impl FnMut() -> u16) -> usize {
    (0..1_000).position(|_| call() == 429).expect("a 429")
}

/// PROTOCOL 14.4, New connections
#[test]
fn a_hundred_connects_a_second_are_answered_at_once_and_the_next_later() {
    let mut bench = tiered();
    let hello = bench.hello("device-1", None);
    for _ in 0..100 {
        assert_eq!(bench.introduce(&hello).1.map(|(code, _)| code), Some(0));
    }
    let (link, answer) = bench.introduce(&hello);
    assert_eq!((answer, bench.reason(link)), (None, None), "delayed, not refused");
    bench.pass(1_000);
    assert!(matches!(bench.take(link), Some(Packet::ConnAck(_))));
}

/// PROTOCOL 14.4, D2C sends
/// PROTOCOL 14.4, Throttled work [D]
#[test]
fn a_hundred_messages_a_second_are_acknowledged_at_once_the_next_later_and_far_too_many_close_the_link() {
    let mut bench = tiered();
    let link = bench.connect("device-1");
    for id in 1..=150 {
        bench.publish(link, EVENTS, b"x", 1, id);
    }
    assert_eq!(acks(&mut bench, link), 100);
    bench.pass(1_000);
    assert_eq!((acks(&mut bench, link), bench.reason(link)), (50, None));
    for id in 1..=2_000 {
        bench.publish(link, EVENTS, b"x", 1, id);
    }
    assert_eq!(bench.reason(link), Some(Reason::Throttled));
}

/// PROTOCOL 14.4, C2D sends
#[test]
fn a_hundred_messages_a_minute_go_down() {
    let mut bench = tiered();
    bench.register("other");
    let mut sent = 0;
    let at = first_429(|| {
        sent += 1;
        let device = if sent % 2 == 0 { "device-1" } else { "other" };
        bench.local("POST", &format!("/local/devices/{device}/messages"), "{}").0
    });
    assert_eq!(at, 100);
    bench.pass(60_000);
    let _ = bench.call("DELETE", "/devices/device-1/commands", "");
    assert_eq!(bench.local("POST", MESSAGES, "{}").0, 201);
}

/// PROTOCOL 14.4, Direct methods
#[test]
fn a_hundred_and_sixty_kilobytes_of_methods_go_down_in_a_second() {
    let mut bench = tiered();
    let link = bench.connect("device-1");
    bench.subscribed(link, &[(METHODS, 0)]);
    // A meter of 4 KB: forty small calls are 160 KB.
    let mut call = |payload: usize| {
        let body = json!({"methodName": "m", "payload": "x".repeat(payload)}).to_string();
        crate::helpers::invoke(&mut bench, &body).map(|(status, _)| status)
    };
    for n in 0..40 {
        assert_eq!(call(10), None, "{n}");
    }
    assert_eq!(call(10), Some(429));
    bench.pass(1_000);
    let mut call = |payload: usize| {
        let body = json!({"methodName": "m", "payload": "x".repeat(payload)}).to_string();
        crate::helpers::invoke(&mut bench, &body).map(|(status, _)| status)
    };
    assert_eq!(call(80 * 1024), None);
    assert_eq!(call(70 * 1024), None, "twenty-one and eighteen blocks");
    assert_eq!(call(80 * 1024), Some(429));
}

/// PROTOCOL 14.4, Messages per day
#[test]
fn a_day_has_400000_messages_or_8000_when_free() {
    assert_eq!(Tier::S1.daily_messages(), (400_000, 4_096));
    assert_eq!(Tier::F1.daily_messages(), (8_000, 512));
    let mut bench = configured(|config| config.tier = Some(Tier::F1));
    let link = bench.connect("device-1");
    for _ in 0..8_000 {
        bench.publish(link, EVENTS, b"x", 0, 0);
        bench.pass(10);
    }
    assert_eq!(bench.reason(link), None);
    bench.publish(link, EVENTS, b"x", 0, 0);
    assert_eq!(bench.reason(link), Some(Reason::QuotaExceeded));
}

/// PROTOCOL 14.4, Identity registry
/// PROTOCOL 14.4, Queries
#[test]
fn the_registry_takes_a_hundred_calls_and_twenty_queries_a_minute() {
    let mut bench = tiered();
    assert_eq!(first_429(|| bench.call("GET", "/devices/device-1", "").0), 100);
    let (_, error) = bench.call("GET", "/devices/device-1", "");
    assert_eq!(old_name(&error), "ThrottlingException");
    let query = r#"{"query":"SELECT * FROM devices"}"#;
    assert_eq!(first_429(|| bench.call("POST", "/devices/query", query).0), 20);
    bench.pass(60_000);
    assert_eq!(bench.call("GET", "/devices/device-1", "").0, 200);
    assert_eq!(bench.call("POST", "/devices/query", query).0, 200);
}

/// PROTOCOL 14.4, Twin reads
/// PROTOCOL 14.4, Twin updates
#[test]
fn twins_are_read_a_hundred_times_and_updated_fifty_times_a_second() {
    let mut bench = tiered();
    let link = bench.connect("device-1");
    bench.subscribed(link, &[(TWIN_ANSWERS, 0)]);
    let status = |topic: String| topic.split('/').nth(3).unwrap().parse::<u16>().unwrap();
    assert_eq!(first_429(|| status(twin_request(&mut bench, link, "$iothub/twin/GET/?$rid=1", "").0)), 100);
    assert_eq!(first_429(|| status(report(&mut bench, link, "{}").0)), 50);
    assert_eq!(bench.call("GET", "/twins/device-1", "").0, 429, "device and service share it");
    assert_eq!(bench.call("PATCH", "/twins/device-1", "{}").0, 429);
    bench.pass(1_000);
    assert_eq!(bench.call("GET", "/twins/device-1", "").0, 200);
    assert_eq!(bench.call("PATCH", "/twins/device-1", "{}").0, 200);
}

/// PROTOCOL 14.4, Policies
#[test]
fn the_default_policies_are_fewer_than_sixteen() {
    let mut bench = Bench::new();
    let policies = bench.local("GET", "/local/info", "").1["policies"].as_array().unwrap().len();
    assert_eq!(policies, 5);
}

/// PROTOCOL 14.4, Throttled work [D]
#[test]
fn without_a_tier_nothing_is_counted() {
    let mut bench = Bench::new();
    let link = bench.connect("device-1");
    for id in 1..=3_000 {
        bench.publish(link, EVENTS, b"x", 1, id);
    }
    assert_eq!(acks(&mut bench, link), 3_000);
    for _ in 0..150 {
        assert_eq!(bench.call("GET", "/devices/device-1", "").0, 200);
    }
}
