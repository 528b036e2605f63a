//! Packets, topics, filters and bags. PROTOCOL 4, 5, 6, 7.

use crate::support::Bench;
use iothub_hub::{HubConfig, LinkId, Reason, Switches};
use iothub_protocol::packet::{Packet, QoS, SubscribeReasonCode};
use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const EVENTS: &str = "devices/device-1/messages/events/";

fn connected() -> (Bench, LinkId) {
    let mut bench = Bench::new();
    let link = bench.connect("device-1");
    bench.events();
    (bench, link)
}

fn lenient() -> Bench {
    Bench::with(HubConfig {
        switches: Switches { lenient: true, ..Switches::default() },
        ..HubConfig::default()
    })
}

fn closes(topic: &str, reason: Reason) {
    let (mut bench, link) = connected();
    bench.publish(link, topic, b"x", 1, 1);
    assert_eq!(bench.reason(link), Some(reason), "{topic}");
    assert!(bench.take(link).is_none(), "no packet says why");
    assert_eq!(bench.events_of("connection")[0]["reason"], reason.code());
}

#[test]
fn qos_1_is_acknowledged_and_qos_0_is_not() {
    // PROTOCOL 4 "PUBLISH QoS 0 / 1".
    let (mut bench, link) = connected();
    bench.publish(link, EVENTS, b"a", 0, 0);
    bench.publish(link, EVENTS, b"b", 1, 77);
    let Some(Packet::PubAck(ack)) = bench.take(link) else { panic!("no PUBACK") };
    assert_eq!(ack.pkid, 77);
    assert!(bench.take(link).is_none());
    let bodies: Vec<_> = bench.events_of("telemetry").iter().map(|e| e["body"].clone()).collect();
    assert_eq!(bodies, ["a", "b"]);
}

#[test]
fn the_pubacks_of_one_read_leave_in_one_frame() {
    let (mut bench, link) = connected();
    let mut bytes = Vec::new();
    for id in 1..=64 {
        iothub_protocol::packet::write_publish(&mut bytes, EVENTS, b"x", QoS::AtLeastOnce, id, false)
            .unwrap();
    }
    let before = bench.frames[&link].len();
    bench.feed(link, &bytes);
    assert_eq!(bench.frames[&link].len(), before + 1);
    assert_eq!(bench.frames[&link][before].len(), 64 * 4);
}

#[test]
fn packets_may_be_cut_anywhere() {
    // PROTOCOL 1 "Frames".
    let (mut bench, link) = connected();
    let mut bytes = Vec::new();
    iothub_protocol::packet::write_publish(&mut bytes, EVENTS, b"whole", QoS::AtLeastOnce, 9, false).unwrap();
    for byte in bytes {
        bench.feed(link, &[byte]);
    }
    assert_eq!(bench.events_of("telemetry")[0]["body"], "whole");
}

#[test]
fn qos_2_unknown_and_foreign_topics_close_the_link() {
    // PROTOCOL 4 and 15 row 13.
    let (mut bench, link) = connected();
    bench.publish(link, EVENTS, b"x", 2, 1);
    assert_eq!(bench.reason(link), Some(Reason::Qos2Publish));
    for topic in [
        "devices/device-1/message/events/",
        "devices/device-1/messages/events/a/b",
        "hello",
        "$iothub/twin/GET/",
        "$SYS/x",
    ] {
        closes(topic, Reason::UnknownTopic);
    }
    for topic in [
        "devices/other/messages/events/",
        "devices/Device-1/messages/events/",
        "devices/device-1/modules/m/messages/events/",
    ] {
        closes(topic, Reason::ForeignTopic);
    }
}

#[test]
fn garbage_closes_the_link() {
    for bytes in [
        &[0x30, 0xff, 0xff, 0xff, 0x7f][..],
        &[0xf0, 0x01, 0x00],
        &[0x32, 0x03, 0x00, 0x01, 0x61],
        &[0x40, 0x00],
    ] {
        let (mut bench, link) = connected();
        bench.feed(link, bytes);
        assert!(
            matches!(bench.reason(link), Some(Reason::MalformedPacket | Reason::MessageTooLarge)),
            "{bytes:?}"
        );
    }
}

#[test]
fn a_message_has_256_kb_and_not_a_byte_more() {
    // PROTOCOL 7: body, values of system properties, names and values of application properties.
    let bag = "%24.mid=m%201&ab=c%26d";
    let counted = "m 1".len() + "ab".len() + "c&d".len();
    let body = vec![b'x'; 262_144 - counted];
    let (mut bench, link) = connected();
    bench.publish(link, &format!("{EVENTS}{bag}"), &body, 1, 1);
    assert_eq!(bench.reason(link), None);
    bench.publish(link, &format!("{EVENTS}{bag}x"), &body, 1, 2);
    assert_eq!(bench.reason(link), Some(Reason::MessageTooLarge));
}

#[test]
fn a_bag_is_decoded_with_its_system_properties() {
    // PROTOCOL 6 and 18.3: what the Node SDK writes.
    let (mut bench, link) = connected();
    let bag = "%24.mid=m%201%2F%C3%A4&%24.cid=c%2B1&%24.uid=u%231&%24.to=%2Fx&%24.ct=application%2Fjson&%24.ce=utf-8&\
               %24.ifid=urn%3Aazureiot%3ASecurity%3ASecurityAgent%3A1&%24.exp=2030-01-01T00%3A00%3A00Z&plain=v&\
               sp%20ace=a%20b%26c%3Dd&empty=&q!'()*~=x&%24.sub=comp1&iothub-creation-time-utc=2024-01-01T00%3A00%3A00Z&novalue";
    bench.publish(link, &format!("{EVENTS}{bag}/"), b"{}", 0, 0);
    let event = &bench.events_of("telemetry")[0];
    assert_eq!(
        event["properties"],
        json!({"plain": "v", "sp ace": "a b&c=d", "empty": "", "q!'()*~": "x", "novalue": null})
    );
    let system = &event["systemProperties"];
    for (name, value) in [
        ("message-id", "m 1/ä"),
        ("correlation-id", "c+1"),
        ("user-id", "u#1"),
        ("content-type", "application/json"),
        ("content-encoding", "utf-8"),
        ("absolute-expiry-time", "2030-01-01T00:00:00Z"),
        ("dt-subject", "comp1"),
        ("iothub-creation-time-utc", "2024-01-01T00:00:00Z"),
        ("iothub-connection-device-id", "device-1"),
        ("iothub-message-source", "Telemetry"),
    ] {
        assert_eq!(system[name], value, "{name}");
    }
    let method: Value =
        serde_json::from_str(system["iothub-connection-auth-method"].as_str().unwrap()).unwrap();
    assert_eq!(
        method,
        json!({"scope": "device", "type": "symkey", "issuer": "iothub", "acceptingIpFilterRule": null})
    );
}

#[test]
fn a_question_mark_stays_in_the_first_key() {
    // PROTOCOL 6.1 "Leading ?", 15 row 7, trap 2.
    let (mut bench, link) = connected();
    bench.publish(link, &format!("{EVENTS}?a=1"), b"", 0, 0);
    assert_eq!(bench.events_of("telemetry")[0]["properties"], json!({"?a": "1"}));
}

#[test]
fn every_other_ascii_character_may_stand_raw_in_a_bag() {
    // Azure/azure-iot-sdk-c#1695 measured this at the real hub: all but # & + / = arrive as they are.
    let name =
        "0123456789 qwertyuiopasdfghjklzxcvbnm QWERTYUIOPASDFGHJKLZXCVBNM !\"$%'()*,-.:;<>?@[\\]^_`{|}~";
    let (mut bench, link) = connected();
    bench.publish(link, &format!("{EVENTS}{name}={name}&a=%zz&b=%&c=%4"), b"", 0, 0);
    let properties = json!({name: name, "a": "%zz", "b": "%", "c": "%4"});
    assert_eq!(bench.events_of("telemetry")[0]["properties"], properties);
}

#[test]
fn retain_and_dup_become_properties() {
    // PROTOCOL 4 "RETAIN = 1" and "DUP", 15 row 4.
    for (old_retain_name, name) in [(false, "mqtt-retain"), (true, "x-opt-retain")] {
        let switches = Switches { old_retain_name, ..Switches::default() };
        let mut bench = Bench::with(HubConfig { switches, ..HubConfig::default() });
        let link = bench.connect("device-1");
        let mut bytes = Vec::new();
        iothub_protocol::packet::write_publish(&mut bytes, EVENTS, b"x", QoS::AtLeastOnce, 5, true).unwrap();
        bytes[0] |= 1;
        bench.feed(link, &bytes);
        bench.feed(link, &bytes);
        let told = bench.events_of("telemetry");
        assert_eq!(told.len(), 2, "a resend is not filtered");
        assert_eq!(told[0]["properties"], json!({name: "true", "mqtt-dup": "true"}));
    }
}

#[test]
fn bytes_that_are_no_text_are_told_in_base64() {
    let (mut bench, link) = connected();
    bench.publish(link, EVENTS, &[0xff, 0x00], 0, 0);
    let event = &bench.events_of("telemetry")[0];
    assert_eq!((event["bodyBase64"].as_str(), event.get("body")), (Some("/wA="), None));
}

#[test]
fn filters_are_granted_with_at_most_1() {
    // PROTOCOL 4 "SUBSCRIBE QoS 2", "+ in a filter"; 5 subscriptions.
    let (mut bench, link) = connected();
    bench.subscribe(
        link,
        &[
            ("devices/+/messages/devicebound/#", 2),
            ("$iothub/twin/res/#", 0),
            ("$iothub/twin/PATCH/properties/desired/#", 1),
            ("$iothub/methods/POST/#", 0),
        ],
    );
    let Some(Packet::SubAck(ack)) = bench.take(link) else { panic!("no SUBACK: {:?}", bench.reason(link)) };
    let granted = |qos| SubscribeReasonCode::Success(qos);
    let (zero, one) = (granted(QoS::AtMostOnce), granted(QoS::AtLeastOnce));
    assert_eq!(ack.return_codes, [one, zero, one, zero]);
}

#[test]
fn a_bad_filter_closes_or_by_switch_gets_0x80() {
    // PROTOCOL 4 "SUBACK 0x80" and the switch "lenient".
    for (filter, reason) in [
        ("devices/other/messages/devicebound/#", Reason::ForeignTopic),
        ("devices/device-1/modules/m/#", Reason::ForeignTopic),
        ("devices/device-1/messages/#", Reason::UnknownFilter),
        ("#", Reason::UnknownFilter),
    ] {
        let (mut bench, link) = connected();
        bench.subscribe(link, &[(filter, 1)]);
        assert_eq!(bench.reason(link), Some(reason), "{filter}");
        let mut bench = lenient();
        let link = bench.connect("device-1");
        bench.subscribe(link, &[(filter, 1)]);
        let Some(Packet::SubAck(ack)) = bench.take(link) else { panic!("no SUBACK for {filter}") };
        assert_eq!(ack.return_codes, [SubscribeReasonCode::Failure]);
        bench.publish(link, "no/such/topic", b"", 1, 4);
        assert_eq!(bench.reason(link), None);
    }
}

#[test]
fn a_lenient_hub_tells_what_it_would_have_closed_for() {
    let mut bench = lenient();
    let link = bench.connect("device-1");
    bench.events();
    bench.publish(link, "devices/device-1/message/events/", b"", 1, 4);
    assert!(matches!(bench.take(link), Some(Packet::PubAck(ack)) if ack.pkid == 4));
    bench.subscribe(link, &[("devices/device-1/messages/#", 1), ("devices/x/messages/devicebound/#", 0)]);
    for filter in ["$iothub/twin/res/#", "$iothub/methods/POST/#", "$iothub/twin/PATCH/properties/desired/#"]
    {
        bench.subscribe(link, &[(filter, 0)]);
    }
    let own = ["devices/device-1", "devices/+"].map(|id| format!("{id}/messages/devicebound/#"));
    bench.subscribe(link, &[(&own[0], 0), (&own[1], 0), ("devices/+/messages/deviceBound/#", 0)]);
    let told = bench.events();
    let told: Vec<_> =
        told.iter().map(|e| (&e["type"], &e["deviceId"], &e["reason"], &e["connack"])).collect();
    let refused = |reason: &'static str| json!(["refused", "device-1", reason, null]);
    let wanted = ["unknown-topic", "unknown-filter", "foreign-topic", "too-many-subscriptions"].map(refused);
    assert_eq!(json!(told), json!(wanted));
    assert_eq!(bench.reason(link), None);
}

#[test]
fn a_request_id_that_no_answer_has_room_for_closes_the_link() {
    for (topic, qos) in [("$iothub/twin/GET/?$rid=", 0), ("$iothub/twin/PATCH/properties/reported/?$rid=", 1)]
    {
        let (mut bench, link) = connected();
        bench.subscribed(link, &[("$iothub/twin/res/#", 1)]);
        bench.publish(link, &format!("{topic}{}", "r".repeat(65_471)), b"{}", qos, u16::from(qos > 0));
        assert!(bench.take_publish(link).topic.len() < 65_536);
        bench.publish(link, &format!("{topic}{}", "r".repeat(65_472)), b"{}", qos, u16::from(qos > 0));
        assert_eq!(bench.reason(link), Some(Reason::UnknownTopic));
    }
}

#[test]
fn a_sixth_subscription_closes_the_link() {
    // PROTOCOL 4 "Number of subscriptions".
    let (mut bench, link) = connected();
    let five = [
        "devices/+/messages/devicebound/#",
        "devices/device-1/messages/devicebound/#",
        "$iothub/twin/res/#",
        "$iothub/twin/PATCH/properties/desired/#",
        "$iothub/methods/POST/#",
    ];
    for filter in five {
        bench.subscribed(link, &[(filter, 1)]);
        bench.subscribed(link, &[(filter, 1)]);
    }
    bench.subscribe(link, &[("devices/+/messages/deviceBound/#", 1)]);
    assert_eq!(bench.reason(link), Some(Reason::TooManySubscriptions));
}

#[test]
fn unsubscribe_is_acknowledged_and_makes_room() {
    let (mut bench, link) = connected();
    bench.subscribed(link, &[("$iothub/methods/POST/#", 0)]);
    let filter = "$iothub/methods/POST/#";
    let mut bytes =
        vec![0xa2, u8::try_from(filter.len() + 4).unwrap(), 0, 8, 0, u8::try_from(filter.len()).unwrap()];
    bytes.extend_from_slice(filter.as_bytes());
    bench.feed(link, &bytes);
    assert!(matches!(bench.take(link), Some(Packet::UnsubAck(ack)) if ack.pkid == 8));
    let (status, answer) = bench.local("POST", "/local/devices/device-1/methods", r#"{"methodName":"x"}"#);
    assert_eq!((status, &answer["errorCode"]), (404, &json!(404_103)));
}
