//! PROTOCOL 7: device to cloud.

use crate::helpers::{EVENTS, configured, connected, told};
use iothub_hub::{Reason, Tier};
use iothub_protocol::packet::Packet;
use serde_json::json;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// PROTOCOL 7, Max size
#[test]
fn body_system_values_and_application_names_and_values_count_to_262144_bytes() {
    // Names of system properties and the escapes do not count.
    let bag = "%24.mid=m%201&%24.ct=a%2Fb&ab=c%26d&flag";
    let counted = "m 1".len() + "a/b".len() + "ab".len() + "c&d".len() + "flag".len();
    for (more, want) in [(0, None), (1, Some(Reason::MessageTooLarge))] {
        let (mut bench, link) = connected();
        bench.publish(link, &format!("{EVENTS}{bag}"), &vec![b'x'; 262_144 - counted + more], 1, 1);
        assert_eq!(bench.reason(link), want);
        assert_eq!(bench.take(link).is_some(), want.is_none());
    }
}

/// PROTOCOL 7, Billing unit
#[test]
fn a_message_counts_in_blocks_of_4_kb_or_half_a_kilobyte_when_free() {
    for (tier, block, a_day) in [(Tier::F1, 512, 8_000_u32), (Tier::S1, 4_096, 400_000)] {
        let mut bench = configured(|config| config.tier = Some(tier));
        let link = bench.connect("device-1");
        let mut send = |bytes: usize| {
            bench.pass(10);
            bench.publish(link, EVENTS, &vec![b'x'; bytes], 0, 0);
            bench.reason(link)
        };
        // All of the day but 55 blocks, in large messages; then sizes around a block, which are those 55.
        for _ in 0..a_day / 50 - 2 {
            assert_eq!(send(block * 50), None);
        }
        for bytes in [block * 45, 0, 1, block, block + 1, block * 50] {
            assert_eq!(send(bytes), None, "{tier:?} {bytes}");
        }
        assert_eq!(send(0), Some(Reason::QuotaExceeded), "{tier:?}");
    }
}

/// PROTOCOL 7, Success
#[test]
fn success_is_a_puback_for_qos_1_and_nothing_for_qos_0() {
    let (mut bench, link) = connected();
    bench.publish(link, EVENTS, b"x", 0, 0);
    assert!(bench.take(link).is_none());
    bench.publish(link, EVENTS, b"x", 1, 12);
    assert!(matches!(bench.take(link), Some(Packet::PubAck(ack)) if ack.pkid == 12));
    assert_eq!(bench.events_of("telemetry").len(), 2);
}

/// PROTOCOL 7, Order
#[test]
fn the_messages_of_a_link_are_told_in_their_order() {
    let (mut bench, link) = connected();
    for n in 0..200_u16 {
        bench.publish(link, EVENTS, n.to_string().as_bytes(), u8::from(n % 2 == 0), n + 1);
    }
    let told = bench.events_of("telemetry");
    assert_eq!(told.len(), 200);
    assert!(told.iter().enumerate().all(|(n, event)| event["body"].as_str() == Some(n.to_string().as_str())));
}

/// PROTOCOL 7, Retention
#[test]
fn events_are_kept_in_a_bounded_ring() {
    let mut bench = configured(|config| config.events_kept = 10);
    let link = bench.connect("device-1");
    for n in 0..25_u8 {
        bench.publish(link, EVENTS, &[b'a' + n], 0, 0);
    }
    bench.pass(7 * 86_400_000);
    let kept = bench.hub.events_after(0, usize::MAX);
    assert!(kept.events.len() <= 10);
}

/// PROTOCOL 7, Reading
#[test]
fn readers_of_local_events_do_not_take_messages_from_each_other() {
    let (mut bench, link) = connected();
    told(&mut bench, link, "a=1");
    for _ in 0..2 {
        let batch = bench.hub.events_after(0, usize::MAX);
        let seen: Vec<_> = batch.events.iter().map(|event| event.to_json()).collect();
        assert!(seen.iter().any(|event| event["properties"] == json!({"a": "1"})));
    }
    let status = bench.call("GET", "/messages/events", "").0;
    assert_eq!(status, 400, "the real hub has no REST for it, and neither has this one");
}

/// PROTOCOL 7, Empty body
#[test]
fn a_body_may_be_empty() {
    let (mut bench, link) = connected();
    bench.publish(link, EVENTS, b"", 1, 1);
    assert!(matches!(bench.take(link), Some(Packet::PubAck(_))));
    assert_eq!(bench.events_of("telemetry")[0]["body"], "");
}
