//! Quotas of a tier. PROTOCOL 14.4, 4 "Throttled".

use crate::support::Bench;
use iothub_hub::{HubConfig, LinkId, Reason, Tier};
use iothub_protocol::packet::Packet;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const EVENTS: &str = "devices/device-1/messages/events/";

fn tiered(tier: Tier) -> (Bench, LinkId) {
    let mut bench = Bench::with(HubConfig { tier: Some(tier), ..HubConfig::default() });
    let link = bench.connect("device-1");
    (bench, link)
}

fn acked(bench: &mut Bench, link: LinkId) -> usize {
    std::iter::from_fn(|| bench.take(link)).filter(|packet| matches!(packet, Packet::PubAck(_))).count()
}

#[test]
fn telemetry_over_the_rate_is_delayed_first_and_closed_then() {
    let (mut bench, link) = tiered(Tier::S1);
    for id in 1..=100 {
        bench.publish(link, EVENTS, b"x", 1, id);
    }
    assert_eq!(acked(&mut bench, link), 100, "a second's worth at once");
    for id in 1..=50 {
        bench.publish(link, EVENTS, b"x", 1, id);
    }
    assert_eq!(acked(&mut bench, link), 0);
    bench.pass(250);
    let early = acked(&mut bench, link);
    assert!((20..=30).contains(&early), "{early}");
    bench.pass(300);
    assert_eq!(acked(&mut bench, link), 50 - early);
    for id in 1..=2000 {
        bench.publish(link, EVENTS, b"x", 1, id);
    }
    assert_eq!(bench.reason(link), Some(Reason::Throttled));
}

#[test]
fn the_messages_of_a_day_end_and_come_back() {
    let (mut bench, mut link) = tiered(Tier::F1);
    // 4 KB are eight messages of half a kilobyte: a thousand of them are the day.
    for n in 0..1000_u32 {
        bench.pass(10);
        bench.publish(link, EVENTS, &[b'x'; 4096], 0, 0);
        assert_eq!(bench.reason(link), None, "message {n}");
    }
    bench.publish(link, EVENTS, b"x", 0, 0);
    assert_eq!(bench.reason(link), Some(Reason::QuotaExceeded));
    bench.local("POST", "/local/clock", r#"{"advanceSeconds":86400}"#);
    link = bench.connect("device-1");
    bench.publish(link, EVENTS, b"x", 0, 0);
    assert_eq!(bench.reason(link), None);
}

#[test]
fn twins_and_calls_are_answered_429() {
    let (mut bench, link) = tiered(Tier::S1);
    bench.subscribed(link, &[("$iothub/twin/res/#", 0)]);
    let statuses: Vec<bool> = (0..51)
        .map(|n| {
            bench.publish(link, &format!("$iothub/twin/PATCH/properties/reported/?$rid={n}"), b"{}", 0, 0);
            bench.take_publish(link).topic.contains("/429/")
        })
        .collect();
    assert_eq!(statuses.iter().position(|throttled| *throttled), Some(50));
    let query = r#"{"query":"SELECT * FROM devices"}"#;
    let statuses: Vec<u16> = (0..21).map(|_| bench.call("POST", "/devices/query", query).0).collect();
    assert_eq!((statuses[19], statuses[20]), (200, 429));
    bench.pass(3_000);
    assert_eq!(bench.call("POST", "/devices/query", query).0, 200);
    let statuses: Vec<u16> = (0..101).map(|_| bench.call("GET", "/devices/device-1", "").0).collect();
    assert_eq!((statuses[99], statuses[100]), (200, 429));
}

#[test]
fn connects_over_the_rate_are_answered_later() {
    let (mut bench, _) = tiered(Tier::S1);
    let hello = bench.hello("device-1", None);
    for _ in 0..99 {
        assert_eq!(bench.introduce(&hello).1.map(|a| a.0), Some(0));
    }
    let (link, answer) = bench.introduce(&hello);
    assert_eq!(answer, None);
    bench.pass(20);
    assert!(matches!(bench.take(link), Some(Packet::ConnAck(_))));
}

#[test]
fn without_a_tier_nothing_is_counted() {
    let mut bench = Bench::new();
    let link = bench.connect("device-1");
    for id in 1..=5000 {
        bench.publish(link, EVENTS, b"x", 1, id);
    }
    assert_eq!(acked(&mut bench, link), 5000);
}

#[test]
fn a_connect_that_is_refused_while_over_the_rate_has_its_connack_late() {
    // PROTOCOL 2.4: 5 for every failure of authentication, then close.
    let (mut bench, _) = tiered(Tier::S1);
    let mut hello = bench.hello("device-1", None);
    hello.password = hello.password.replace("sig=", "sig=AAAA");
    let links: Vec<LinkId> = (0..160)
        .map(|_| {
            let (link, answer) = bench.introduce(&hello);
            if answer.is_none() {
                assert_eq!(bench.reason(link), None, "it closes behind its CONNACK");
            }
            link
        })
        .collect();
    bench.pass(1_000);
    let late: Vec<_> = links.iter().filter_map(|link| bench.take(*link)).collect();
    assert!(late.len() > 50, "{}", late.len());
    assert!(late.iter().all(|packet| matches!(packet, Packet::ConnAck(ack) if ack.code as u8 == 5)));
    assert!(links.iter().all(|link| bench.closed.contains_key(link)));
}
