//! Cloud-to-device bags as real hubs write them, and messages that come or go twice.

use crate::bench::{Bench, of_device};
use iothub_device::{Event, Message, OpId};
use iothub_protocol::bag;
use iothub_protocol::packet::{self, QoS};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn listening() -> Bench {
    let mut bench = Bench::online(of_device("d"));
    bench.device.listen_messages(bench.clock());
    bench.drain();
    bench.subacks();
    bench
}

/// The properties of the message that a hub sends under this bag, as the application gets them.
fn received(text: &str) -> Vec<(String, Option<String>)> {
    let mut bench = listening();
    bench.hub_publishes(&format!("devices/d/messages/devicebound/{text}"), "body", QoS::AtLeastOnce, 9);
    let Some(Event::Message { bag, .. }) = bench.events.last() else { panic!("no message for {text}") };
    bag::read_devicebound(bag).into_iter().map(|property| (property.name, property.value)).collect()
}

fn property(name: &str, value: Option<&str>) -> (String, Option<String>) {
    (name.to_owned(), value.map(str::to_owned))
}

#[test]
fn trap_3_a_property_without_a_value_is_no_text_and_no_crash() {
    assert_eq!(
        received("prop1&prop2=&prop3=a%20string"),
        [property("prop1", None), property("prop2", Some("")), property("prop3", Some("a string"))]
    );
    assert_eq!(
        received("%24.cid=&iothub-ack=full"),
        [property("$.cid", Some("")), property("iothub-ack", Some("full"))]
    );
}

#[test]
fn trap_4_raw_semicolons_and_colons_are_kept() {
    assert_eq!(
        received("%24.ct=text/plain; charset=UTF-8&iothub-creation-time-utc=2023-06-19T13:35:13.4276974Z")
            .last()
            .unwrap(),
        &property("iothub-creation-time-utc", Some("2023-06-19T13:35:13.4276974Z"))
    );
}

#[test]
fn trap_28_an_expiry_is_text_with_as_many_decimals_as_the_hub_likes() {
    for expiry in ["2030-07-19T23:06:40.0000000Z", "2030-07-19T23:06:40Z", "2030-07-19T23:06:40.5Z"] {
        let bag = format!("%24.exp={}", expiry.replace(':', "%3A"));
        assert_eq!(received(&bag), [property("$.exp", Some(expiry))]);
    }
}

#[test]
fn trap_29_properties_of_the_application_come_along() {
    let bag = "%24.mid=m&level=storage&a%2Bb=c%2Bd&plus=a+b";
    let own: Vec<_> = received(bag).into_iter().skip(1).collect();
    assert_eq!(
        own,
        [property("level", Some("storage")), property("a+b", Some("c+d")), property("plus", Some("a+b")),]
    );
}

#[test]
fn trap_25_what_is_sent_again_says_so_and_what_comes_again_is_raised_as_such() {
    let mut bench = listening();
    let message = Message { body: b"x", system: &[], properties: &[], qos: QoS::AtLeastOnce };
    bench.device.send(OpId(1), &message, None, bench.clock()).unwrap();
    bench.drain();
    bench.hub_closes();
    bench.pass(60_000);
    bench.open();
    bench.connack(0);
    let telemetry: Vec<_> =
        bench.published().into_iter().filter(|publish| publish.topic.contains("/events/")).collect();
    assert_eq!(telemetry.iter().map(|publish| publish.dup).collect::<Vec<_>>(), [false, true]);
    assert_eq!(telemetry[0].pkid, telemetry[1].pkid, "it is the same packet");

    let mut bytes = Vec::new();
    let topic = "devices/d/messages/devicebound/";
    packet::write_publish(&mut bytes, topic, b"again", QoS::AtLeastOnce, 3, true).unwrap();
    bench.hub(&bytes);
    assert!(matches!(bench.events.last(), Some(Event::Message { dup: true, .. })));
}

#[test]
fn trap_21_an_inspector_that_comes_in_the_middle_of_a_packet_sees_that_packet_whole() {
    let mut bench = listening();
    let mut bytes = Vec::new();
    packet::write_publish(
        &mut bytes,
        "devices/d/messages/devicebound/",
        &[b'0'; 3_000],
        QoS::AtLeastOnce,
        3,
        false,
    )
    .unwrap();
    let (first, second) = bytes.split_at(1_500);
    bench.hub(first);
    bench.device.watch_packets(true);
    bench.hub(second);
    bench.hub(&[0xd0, 0]);
    let packets: Vec<&[u8]> = bench
        .events
        .iter()
        .filter_map(|event| match event {
            Event::Packet { bytes, .. } => Some(&bytes[..]),
            _ => None,
        })
        .collect();
    assert_eq!(packets, [&bytes[..], &[0xd0, 0]]);
}
