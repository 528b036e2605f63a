//! Faults on order: `/local/faults`. What a client's tests stand on.

use crate::support::Bench;
use iothub_hub::{LinkId, Now, Reason};
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

/// How long a PINGRESP takes; none when it does not come within ten seconds.
fn answer_takes(bench: &mut Bench, link: LinkId) -> Option<u64> {
    let (asked, mut waited) = (bench.now.mono_ms, 0);
    bench.ping(link);
    while bench.take(link).is_none() {
        if waited >= 10_000 {
            return None;
        }
        bench.pass(50);
        waited = bench.now.mono_ms - asked;
    }
    Some(waited)
}

#[test]
fn a_fault_with_a_time_ends_on_the_links_that_are_there() {
    for fault in [
        r#"{"kind":"delay","ms":700,"forMs":1000}"#,
        r#"{"kind":"throttle","ms":700,"forMs":1000}"#,
        r#"{"kind":"throttle","ms":700,"forMs":1000,"closeAfterMs":2500}"#,
        r#"{"kind":"delay","ms":700,"forMs":1000,"count":1}"#,
    ] {
        let mut bench = Bench::new();
        let link = bench.connect("device-1");
        order(&mut bench, fault);
        assert_eq!(answer_takes(&mut bench, link), Some(700), "{fault}");
        bench.pass(300);
        assert_eq!(bench.local("GET", "/local/faults", "").1, json!([]), "{fault}");
        assert_eq!(answer_takes(&mut bench, link), Some(0), "{fault}");
        bench.pass(10_000);
        assert_eq!(bench.reason(link), None, "{fault}");
    }
}

#[test]
fn what_one_fault_held_back_is_not_overtaken_when_it_ends() {
    let mut bench = Bench::new();
    let link = bench.connect("device-1");
    order(&mut bench, r#"{"kind":"delay","ms":500,"forMs":100}"#);
    bench.publish(link, EVENTS, b"x", 1, 1);
    bench.pass(499);
    bench.publish(link, EVENTS, b"x", 1, 2);
    // At the very moment, before the timer has rung.
    bench.now = Now::new(bench.now.mono_ms + 1, bench.now.unix_ms + 1);
    bench.publish(link, EVENTS, b"x", 1, 3);
    bench.pass(0);
    let ids: Vec<_> = std::iter::from_fn(|| bench.take(link))
        .map(|packet| match packet {
            Packet::PubAck(ack) => ack.pkid,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(ids, [1, 2, 3]);
}

#[test]
fn a_count_of_links_is_kept_and_used_up_by_links_alone() {
    let mut bench = Bench::new();
    ["b", "c"].iter().for_each(|id| bench.register(id));
    let (a, b) = (bench.connect("device-1"), bench.connect("b"));
    order(&mut bench, r#"{"kind":"delay","ms":500,"count":2}"#);
    order(&mut bench, r#"{"kind":"drop-puback","count":1}"#);
    let c = bench.connect("c");
    for _ in 0..2 {
        let took: Vec<_> = [a, b, c].map(|link| answer_takes(&mut bench, link)).into();
        assert_eq!(took, [Some(500), Some(500), Some(0)]);
        // Whatever else is deleted.
        bench.local("DELETE", "/local/faults/2", "");
    }
    let (_, list) = bench.local("GET", "/local/faults", "");
    assert_eq!((list.as_array().unwrap().len(), &list[0]["left"]), (1, &json!(0)), "{list}");
    // One that is over on every link is not listed any more.
    bench.drop_socket(a);
    bench.drop_socket(b);
    assert_eq!(bench.local("GET", "/local/faults", "").1, json!([]));
    order(&mut bench, r#"{"kind":"delay","ms":300,"count":2}"#);
    assert_eq!(answer_takes(&mut bench, c), Some(300));
    let hello = bench.hello("device-1", None);
    let (a, answer) = bench.introduce(&hello);
    assert_eq!(answer, None, "its CONNACK comes late");
    bench.pass(300);
    assert!(matches!(bench.take(a), Some(Packet::ConnAck(_))));
    let b = bench.connect("b");
    assert_eq!(answer_takes(&mut bench, b), Some(0));
}

#[test]
fn a_used_up_fault_is_not_listed_and_a_count_stands_for_acts() {
    let mut bench = Bench::new();
    ["b", "c"].iter().for_each(|id| bench.register(id));
    let links = [bench.connect("device-1"), bench.connect("b"), bench.connect("c")];
    order(&mut bench, r#"{"kind":"cut","count":2}"#);
    assert_eq!(links.map(|link| bench.reason(link).is_some()), [true, true, false]);
    // A duplicate that nobody listens for is none.
    order(&mut bench, r#"{"kind":"duplicate","count":1}"#);
    bench.publish(links[2], "$iothub/twin/GET/?$rid=1", b"", 0, 0);
    bench.subscribed(links[2], &[("$iothub/twin/res/#", 0)]);
    for copies in [2, 1] {
        bench.publish(links[2], "$iothub/twin/GET/?$rid=1", b"", 0, 0);
        assert_eq!(std::iter::from_fn(|| bench.take(links[2])).count(), copies);
        assert_eq!(bench.local("GET", "/local/faults", "").1, json!([]));
    }
    order(&mut bench, r#"{"kind":"refuse","forMs":1000}"#);
    bench.pass(1000);
    assert_eq!(bench.local("GET", "/local/faults", "").1, json!([]));
    assert_eq!(bench.local("DELETE", "/local/faults/3", "").0, 400);
}

#[test]
fn a_field_that_a_fault_does_not_have_is_refused() {
    let mut bench = Bench::new();
    for (bad, told) in [
        (r#"{"kind":"cut","forMs":1000}"#, "forMs"),
        (r#"{"kind":"half-open","forMs":1000}"#, "forMs"),
        (r#"{"kind":"drop-puback","ms":5}"#, "ms"),
        (r#"{"kind":"delay","ms":5,"closeAfterMs":9}"#, "closeAfterMs"),
        (r#"{"kind":"refuse","devicId":"device-1"}"#, "deviceId"),
        (r#"{"kind":"refuse","deviceId":5}"#, "deviceId"),
        (r#"{"kind":"refuse","moduleId":"m"}"#, "deviceId"),
        (r#"{"kind":"refuse","count":0}"#, "count"),
        (r#"{"kind":"refuse","count":-1}"#, "count"),
        (r#"{"kind":"refuse","count":4294967296}"#, "count"),
        (r#"{"kind":"delay","ms":18446744073709551615}"#, "ms"),
        (r#"{"kind":"delay","ms":"5"}"#, "ms"),
        (r#"{"kind":"throttle","ms":5,"closeAfterMs":3600001}"#, "closeAfterMs"),
        ("[]", "object"),
    ] {
        let (status, error) = bench.local("POST", "/local/faults", bad);
        assert_eq!(status, 400, "{bad}");
        assert!(error["message"].as_str().unwrap().contains(told), "{bad}: {error}");
    }
    assert_eq!(bench.local("GET", "/local/faults", "").1, json!([]));
}

#[test]
fn what_is_held_back_leaves_before_the_socket_closes() {
    let mut bench = Bench::new();
    let link = bench.connect("device-1");
    order(&mut bench, r#"{"kind":"delay","ms":500}"#);
    bench.publish(link, EVENTS, b"x", 1, 7);
    bench.pass(400);
    bench.events();
    bench.publish(link, "no/such/topic", b"", 0, 0);
    assert_eq!(bench.events_of("connection")[0]["reason"], "unknown-topic", "it has ended");
    bench.publish(link, EVENTS, b"after the end", 1, 8);
    assert_eq!((bench.reason(link), bench.take(link).is_none()), (None, true));
    bench.pass(100);
    assert!(matches!(bench.take(link), Some(Packet::PubAck(ack)) if ack.pkid == 7));
    assert_eq!(bench.reason(link), Some(Reason::UnknownTopic));
    assert!(bench.take(link).is_none());
    // Neither a client that goes, nor a fault, nor a reset waits for it.
    for end in ["close", "cut", "reset"] {
        let mut bench = Bench::new();
        let link = bench.connect("device-1");
        order(&mut bench, r#"{"kind":"delay","ms":500}"#);
        bench.publish(link, EVENTS, b"x", 1, 7);
        bench.publish(link, "no/such/topic", b"", 0, 0);
        assert_eq!(bench.reason(link), None);
        match end {
            "close" => bench.drop_socket(link),
            "reset" => assert_eq!(bench.local("POST", "/local/reset", "").0, 204),
            _ => {
                let hello = bench.hello("device-1", None);
                let (again, _) = bench.introduce(&hello);
                order(&mut bench, r#"{"kind":"cut"}"#);
                assert_eq!(bench.reason(again), Some(Reason::Fault));
                bench.pass(500);
                assert!(bench.take(again).is_none(), "its CONNACK is lost");
                assert!(bench.take(link).is_some());
            }
        }
        bench.pass(10_000);
        assert_eq!(bench.reason(link), Some(Reason::UnknownTopic), "{end}");
    }
}

#[test]
fn no_timer_of_a_link_that_has_ended_is_left() {
    let mut bench = Bench::new();
    for end in [Bench::disconnect, Bench::drop_socket] {
        let link = bench.connect("device-1");
        order(&mut bench, r#"{"kind":"throttle","ms":5,"closeAfterMs":1000000}"#);
        bench.ping(link);
        assert_eq!(bench.local("DELETE", "/local/faults", "").0, 204);
        end(&mut bench, link);
        bench.pass(5);
        assert_eq!(bench.hub.poll_timeout(), None);
    }
    let link = bench.open();
    bench.drop_socket(link);
    assert_eq!(bench.hub.poll_timeout(), None);
}
