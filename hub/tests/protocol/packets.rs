//! PROTOCOL 4: publishing. Subscriptions are in `subscriptions`.

use crate::helpers::{EVENTS, METHODS, TWIN_ANSWERS, connected, listening, publish_flagged, switched};
use crate::support::Bench;
use iothub_hub::{LinkId, Reason};
use iothub_protocol::packet::{Packet, write_publish};
use serde_json::json;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Publishing this ends the link without a packet, and the event says why.
fn closes(topic: &str, qos: u8, body: &[u8], reason: Reason) {
    let (mut bench, link) = connected();
    bench.publish(link, topic, body, qos, u16::from(qos > 0));
    assert_eq!(bench.reason(link), Some(reason), "{topic}");
    assert!(bench.take(link).is_none(), "no packet says why");
    let told = bench.events();
    assert!(told.iter().all(|event| event["type"] != "telemetry"), "{topic}");
    assert!(told.iter().any(|event| event["reason"] == reason.code()), "{topic}");
}

fn ack_of(bench: &mut Bench, link: LinkId) -> u16 {
    match bench.take(link) {
        Some(Packet::PubAck(ack)) => ack.pkid,
        other => panic!("{other:?} is no PUBACK: {:?}", bench.closed.get(&link)),
    }
}

/// PROTOCOL 4, PUBLISH QoS 0 / 1 [D]
#[test]
fn qos_0_is_taken_and_qos_1_is_acknowledged_once_it_is_stored() {
    let (mut bench, link) = connected();
    bench.publish(link, EVENTS, b"zero", 0, 0);
    bench.publish(link, EVENTS, b"one", 1, 65_535);
    assert_eq!(ack_of(&mut bench, link), 65_535);
    assert!(bench.take(link).is_none());
    let told = bench.events_of("telemetry");
    let seen: Vec<_> = told.iter().map(|event| (event["body"].clone(), event["qos"].clone())).collect();
    assert_eq!(seen, [(json!("zero"), json!(0)), (json!("one"), json!(1))]);
}

/// PROTOCOL 4, PUBLISH QoS 0 / 1 [D]
#[test]
fn requests_and_answers_with_qos_1_are_acknowledged_too() {
    let (mut bench, link) = listening(&[(TWIN_ANSWERS, 0), (METHODS, 0)]);
    for (id, topic) in [
        (1, "$iothub/twin/GET/?$rid=1"),
        (2, "$iothub/twin/PATCH/properties/reported/?$rid=2"),
        (3, "$iothub/methods/res/200/?$rid=late"),
    ] {
        bench.publish(link, topic, b"{}", 1, id);
        let mut acks = Vec::new();
        while let Some(packet) = bench.take(link) {
            if let Packet::PubAck(ack) = packet {
                acks.push(ack.pkid);
            }
        }
        assert_eq!(acks, [id], "{topic}");
    }
}

/// PROTOCOL 4, PUBLISH QoS 2 [D]
#[test]
fn a_publish_with_qos_2_closes_the_link() {
    closes(EVENTS, 2, b"x", Reason::Qos2Publish);
    closes("$iothub/twin/GET/?$rid=1", 2, b"", Reason::Qos2Publish);
}

/// PROTOCOL 4, Another device's topic [EI]
#[test]
fn the_topic_of_another_identity_closes_the_link() {
    for topic in [
        "devices/other/messages/events/",
        "devices/Device-1/messages/events/",
        "devices/device-1/modules/m/messages/events/",
    ] {
        closes(topic, 1, b"x", Reason::ForeignTopic);
    }
}

/// PROTOCOL 4, PUBLISH to an unknown topic [I]
#[test]
fn an_unknown_topic_closes_the_link() {
    for topic in [
        "hello",
        "devices/device-1/message/events/",
        "devices/device-1/messages/event/",
        "devices/device-1/messages/events/a=1/b=2",
        "devices/device-1/messages/devicebound/",
        "devices/device-1/modules/m/inputs/in1",
        "$iothub/twin/get/?$rid=1",
        "$iothub/twin/GET/",
        "$iothub/twin/PATCH/properties/desired/?$rid=1",
        "$iothub/twin/PATCH/properties/reported/?$rid=1&$version=x",
        "$iothub/methods/POST/reboot/?$rid=1",
        "$iothub/methods/res/200/",
        "$SYS/broker/connection/x/state",
        "$dps/registrations/PUT/iotdps-register/?$rid=1",
    ] {
        closes(topic, 0, b"x", Reason::UnknownTopic);
    }
}

/// PROTOCOL 4, Topic case [S]
#[test]
fn the_words_of_a_topic_are_exact_in_case() {
    for topic in [
        "Devices/device-1/messages/events/",
        "devices/device-1/Messages/Events/",
        "$IoTHub/twin/GET/?$rid=1",
        "$iothub/Twin/GET/?$rid=1",
    ] {
        closes(topic, 0, b"", Reason::UnknownTopic);
    }
}

/// PROTOCOL 4, RETAIN = 1 [DE]
#[test]
fn retain_becomes_a_property_and_nothing_is_retained() {
    for (old, name) in [(false, "mqtt-retain"), (true, "x-opt-retain")] {
        let mut bench = switched(|switches| switches.old_retain_name = old);
        let link = bench.connect("device-1");
        publish_flagged(&mut bench, link, EVENTS, 1, false, true);
        assert_eq!(ack_of(&mut bench, link), 1);
        assert_eq!(bench.events_of("telemetry")[0]["properties"], json!({name: "true"}));
        bench.subscribed(link, &[("devices/+/messages/devicebound/#", 1)]);
        assert!(bench.take(link).is_none());
    }
}

/// PROTOCOL 4, DUP [I]
#[test]
fn a_resend_is_a_second_event() {
    let (mut bench, link) = connected();
    for dup in [false, true] {
        publish_flagged(&mut bench, link, EVENTS, 7, dup, false);
        assert_eq!(ack_of(&mut bench, link), 7);
    }
    let told = bench.events_of("telemetry");
    assert_eq!(told.len(), 2);
    assert_eq!(told[0]["properties"], json!({}));
    assert_eq!(told[1]["properties"], json!({"mqtt-dup": "true"}));
}

/// PROTOCOL 4, Message over 256 KB [IS]
#[test]
fn a_message_over_256_kb_closes_the_link_without_an_answer() {
    let (mut bench, link) = connected();
    bench.publish(link, EVENTS, &vec![b'x'; 262_144], 1, 1);
    assert_eq!(ack_of(&mut bench, link), 1);
    closes(EVENTS, 1, &vec![b'x'; 262_145], Reason::MessageTooLarge);
    let (mut bench, link) = connected();
    // A length of 256 MB is not waited for.
    bench.feed(link, &[0x30, 0xff, 0xff, 0xff, 0x7f]);
    assert_eq!(bench.reason(link), Some(Reason::MessageTooLarge));
}

/// PROTOCOL 4, Throttled [I]
#[test]
fn a_throttled_link_gets_its_pubacks_late_and_is_then_closed() {
    let (mut bench, link) = connected();
    let fault = json!({"kind": "throttle", "ms": 2_000, "closeAfterMs": 10_000}).to_string();
    assert_eq!(bench.local("POST", "/local/faults", &fault).0, 201);
    bench.publish(link, EVENTS, b"x", 1, 3);
    bench.pass(1_999);
    assert!(bench.take(link).is_none());
    bench.pass(1);
    assert_eq!(ack_of(&mut bench, link), 3);
    bench.pass(8_000);
    assert_eq!(bench.reason(link), Some(Reason::Throttled));
    assert!(bench.closed[&link].detail.contains("429002"));
}

/// PROTOCOL 4, DISCONNECT
#[test]
fn disconnect_is_a_clean_end() {
    let (mut bench, link) = connected();
    bench.disconnect(link);
    assert_eq!(bench.reason(link), Some(Reason::ClientDisconnected));
    let told = bench.events();
    assert_eq!(told.len(), 1);
    assert_eq!(told[0]["reason"], "client-disconnected");
    bench.publish(link, EVENTS, b"after the end", 0, 0);
    assert!(bench.events().is_empty());
}

/// PROTOCOL 4, Device disabled or deleted while connected [I]
#[test]
fn disabling_or_deleting_drops_the_link_without_a_packet() {
    let disable = ("PUT", r#"{"status":"disabled"}"#, Reason::DeviceDisabled);
    let delete = ("DELETE", "", Reason::DeviceDeleted);
    for (method, body, reason) in [disable, delete] {
        let (mut bench, link) = connected();
        bench.call_if(method, "/devices/device-1", "*", body);
        assert_eq!(bench.reason(link), Some(reason));
        assert!(bench.take(link).is_none());
        assert!(bench.events_of("connection").iter().any(|event| event["reason"] == reason.code()));
    }
}

/// PROTOCOL 4, Lenient switch
#[test]
fn lenient_ignores_what_strict_closes_for() {
    let mut bench = switched(|switches| switches.lenient = true);
    let link = bench.connect("device-1");
    bench.publish(link, "no/such/topic", b"", 1, 4);
    assert_eq!(ack_of(&mut bench, link), 4);
    let mut bytes = Vec::new();
    write_publish(&mut bytes, EVENTS, b"still here", crate::support::qos_of(1), 5, false).unwrap();
    bench.feed(link, &bytes);
    assert_eq!(ack_of(&mut bench, link), 5);
    assert_eq!(bench.reason(link), None);
}
