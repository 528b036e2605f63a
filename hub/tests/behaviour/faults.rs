//! Faults on order: `/local/faults`. What a client's tests stand on.

use crate::support::Bench;
use iothub_hub::Reason;
use iothub_protocol::packet::Packet;
use serde_json::json;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const EVENTS: &str = "devices/device-1/messages/events/";

fn order(bench: &mut Bench, fault: &str) {
    let (status, answer) = bench.local("POST", "/local/faults", fault);
    assert_eq!(status, 201, "{answer}");
}

#[test]
fn cut_restart_and_expire_end_links_without_a_packet() {
    for (kind, reason) in
        [("cut", Reason::Fault), ("restart", Reason::Restarted), ("expire-token", Reason::TokenExpired)]
    {
        let mut bench = Bench::new();
        let link = bench.connect("device-1");
        order(&mut bench, &json!({"kind": kind}).to_string());
        assert_eq!(bench.reason(link), Some(reason));
        assert!(bench.take(link).is_none());
    }
}

#[test]
fn a_fault_meets_only_whom_it_names() {
    let mut bench = Bench::new();
    bench.register("other");
    let (one, other) = (bench.connect("device-1"), bench.connect("other"));
    order(&mut bench, r#"{"kind":"cut","deviceId":"other"}"#);
    assert_eq!((bench.reason(one), bench.reason(other)), (None, Some(Reason::Fault)));
}

#[test]
fn a_half_open_link_swallows_everything_for_ever() {
    let mut bench = Bench::new();
    let link = bench.connect("device-1");
    bench.events();
    order(&mut bench, r#"{"kind":"half-open"}"#);
    bench.publish(link, EVENTS, b"x", 1, 1);
    bench.ping(link);
    bench.pass(10_000_000);
    assert!(bench.take(link).is_none());
    assert!(bench.events_of("telemetry").is_empty());
    assert_eq!(bench.reason(link), None);
    let again = bench.connect("device-1");
    assert_eq!(bench.reason(link), Some(Reason::TakenOver));
    bench.ping(again);
    assert!(matches!(bench.take(again), Some(Packet::PingResp)));
}

#[test]
fn delayed_packets_come_later_and_in_order() {
    let mut bench = Bench::new();
    let link = bench.connect("device-1");
    order(&mut bench, r#"{"kind":"delay","ms":500}"#);
    bench.publish(link, EVENTS, b"x", 1, 1);
    bench.pass(499);
    assert!(bench.take(link).is_none());
    bench.publish(link, EVENTS, b"x", 1, 2);
    assert_eq!(bench.local("DELETE", "/local/faults", "").0, 204);
    bench.publish(link, EVENTS, b"x", 1, 3);
    bench.pass(1);
    bench.pass(500);
    let ids: Vec<u16> = std::iter::from_fn(|| bench.take(link))
        .map(|packet| match packet {
            Packet::PubAck(ack) => ack.pkid,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(ids, [1, 2, 3]);
}

#[test]
fn pubacks_are_dropped_as_often_as_asked() {
    let mut bench = Bench::new();
    let link = bench.connect("device-1");
    order(&mut bench, r#"{"kind":"drop-puback","count":2}"#);
    for id in 1..=3 {
        bench.publish(link, EVENTS, b"x", 1, id);
    }
    assert!(matches!(bench.take(link), Some(Packet::PubAck(ack)) if ack.pkid == 3));
    assert_eq!(bench.events_of("telemetry").len(), 3, "the messages were taken");
}

#[test]
fn duplicates_come_twice() {
    let mut bench = Bench::new();
    let link = bench.connect("device-1");
    bench.subscribed(link, &[("devices/device-1/messages/devicebound/#", 1)]);
    order(&mut bench, r#"{"kind":"duplicate","count":1}"#);
    bench.send("device-1", "a");
    bench.send("device-1", "b");
    let (first, second, third) =
        (bench.take_publish(link), bench.take_publish(link), bench.take_publish(link));
    assert_eq!((first.pkid, first.dup, second.dup), (second.pkid, false, true));
    assert_eq!(&third.payload[..], b"b");
}

#[test]
fn connects_are_refused_with_the_code() {
    let mut bench = Bench::new();
    order(&mut bench, r#"{"kind":"refuse","code":3,"count":1}"#);
    let hello = bench.hello("device-1", None);
    let (link, answer) = bench.introduce(&hello);
    assert_eq!((answer, bench.reason(link)), (Some((3, false)), Some(Reason::Fault)));
    assert_eq!(bench.introduce(&hello).1, Some((0, false)));
}

#[test]
fn throttling_delays_first_and_closes_then() {
    // PROTOCOL 4 "Throttled".
    let mut bench = Bench::new();
    let link = bench.connect("device-1");
    order(&mut bench, r#"{"kind":"throttle","ms":300,"closeAfterMs":1000}"#);
    bench.publish(link, EVENTS, b"x", 1, 1);
    bench.pass(299);
    assert!(bench.take(link).is_none());
    bench.pass(1);
    assert!(matches!(bench.take(link), Some(Packet::PubAck(_))));
    bench.pass(700);
    assert_eq!(bench.reason(link), Some(Reason::Throttled));
}

#[test]
fn twin_requests_are_answered_with_the_error() {
    let mut bench = Bench::new();
    let link = bench.connect("device-1");
    bench.subscribed(link, &[("$iothub/twin/res/#", 0)]);
    order(&mut bench, r#"{"kind":"twin-error","code":429,"count":2}"#);
    bench.publish(link, "$iothub/twin/GET/?$rid=a", b"", 0, 0);
    bench.publish(link, "$iothub/twin/PATCH/properties/reported/?$rid=b", b"{}", 0, 0);
    bench.publish(link, "$iothub/twin/GET/?$rid=c", b"", 0, 0);
    let topics: Vec<String> = (0..3).map(|_| bench.take_publish(link).topic).collect();
    assert_eq!(
        topics,
        ["$iothub/twin/res/429/?$rid=a", "$iothub/twin/res/429/?$rid=b", "$iothub/twin/res/200/?$rid=c"]
    );
}

#[test]
fn standing_faults_are_listed_end_and_are_taken_back() {
    let mut bench = Bench::new();
    order(&mut bench, r#"{"kind":"refuse","code":5,"forMs":1000,"deviceId":"device-1"}"#);
    order(&mut bench, r#"{"kind":"drop-puback"}"#);
    let (_, list) = bench.local("GET", "/local/faults", "");
    assert_eq!(list.as_array().unwrap().len(), 2);
    assert_eq!((&list[0]["kind"], &list[0]["endsInMs"]), (&json!("refuse"), &json!(1000)));
    bench.pass(1000);
    bench.connect("device-1");
    assert_eq!(bench.local("DELETE", "/local/faults/2", "").0, 204);
    assert_eq!(bench.local("DELETE", "/local/faults/2", "").0, 400);
    for bad in [r#"{"kind":"nonsense"}"#, r#"{"kind":"delay"}"#, r#"{"kind":"refuse","code":9}"#, "{}"] {
        assert_eq!(bench.local("POST", "/local/faults", bad).0, 400, "{bad}");
    }
}
