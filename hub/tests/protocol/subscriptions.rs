//! PROTOCOL 4: SUBSCRIBE, UNSUBSCRIBE, and the QoS the hub sends with.

use crate::helpers::{
    C2D, DESIRED, METHODS, TWIN_ANSWERS, connected, invoke, listening, new_number, switched, waiting,
};
use crate::support::Bench;
use iothub_hub::{LinkId, Reason};
use iothub_protocol::packet::{Packet, QoS};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// The bytes of the SUBACK to these filters.
fn granted(bench: &mut Bench, link: LinkId, filters: &[(&str, u8)]) -> Vec<u8> {
    bench.subscribe(link, filters);
    assert_eq!(bench.reason(link), None, "{:?}", bench.closed.get(&link));
    assert!(matches!(bench.take(link), Some(Packet::SubAck(_))));
    bench.frames[&link].last().unwrap()[4..].to_vec()
}

fn unsubscribe(bench: &mut Bench, link: LinkId, id: u8, filter: &str) {
    let length = u8::try_from(filter.len()).unwrap();
    let mut bytes = vec![0xa2, length + 4, 0, id, 0, length];
    bytes.extend_from_slice(filter.as_bytes());
    bench.feed(link, &bytes);
}

const BAD: [(&str, Reason); 9] = [
    ("#", Reason::UnknownFilter),
    ("devices/device-1/messages/#", Reason::UnknownFilter),
    ("devices/device-1/messages/events/#", Reason::UnknownFilter),
    ("$iothub/#", Reason::UnknownFilter),
    ("$iothub/twin/#", Reason::UnknownFilter),
    ("$iothub/methods/POST/reboot/#", Reason::UnknownFilter),
    ("$SYS/#", Reason::UnknownFilter),
    ("devices/other/messages/devicebound/#", Reason::ForeignTopic),
    ("devices/device-1/modules/m/#", Reason::ForeignTopic),
];

/// PROTOCOL 4, SUBSCRIBE QoS 2 [D]
#[test]
fn qos_2_is_granted_as_1_and_the_others_as_asked() {
    let (mut bench, link) = connected();
    assert_eq!(
        granted(&mut bench, link, &[(C2D, 2), (TWIN_ANSWERS, 0), (DESIRED, 1), (METHODS, 2)]),
        [1, 0, 1, 1]
    );
}

/// PROTOCOL 4, SUBACK 0x80 [I]
#[test]
fn an_unacceptable_filter_drops_the_link_and_0x80_is_never_sent() {
    for (filter, reason) in BAD {
        let (mut bench, link) = connected();
        bench.subscribe(link, &[(C2D, 1), (filter, 1)]);
        assert_eq!(bench.reason(link), Some(reason), "{filter}");
        assert!(bench.take(link).is_none());
    }
}

/// PROTOCOL 4, Lenient switch
#[test]
fn lenient_answers_0x80_to_the_bad_filter_and_grants_the_good_one() {
    for (filter, _) in BAD {
        let mut bench = switched(|switches| switches.lenient = true);
        let link = bench.connect("device-1");
        assert_eq!(granted(&mut bench, link, &[(filter, 1), (C2D, 1)]), [0x80, 1], "{filter}");
        assert_eq!(bench.send("device-1", "x"), 201);
        bench.take_publish(link);
    }
}

/// PROTOCOL 4, + in a filter [S]
#[test]
fn a_plus_may_stand_for_the_device_id() {
    let (mut bench, link) = connected();
    assert_eq!(granted(&mut bench, link, &[("devices/+/messages/devicebound/#", 1)]), [1]);
    bench.register("other");
    bench.send("other", "not for this one");
    bench.send("device-1", "mine");
    assert_eq!(&bench.take_publish(link).payload[..], b"mine");
    assert!(bench.take(link).is_none());
}

/// PROTOCOL 4, Number of subscriptions [D]
#[test]
fn five_subscriptions_are_held_and_a_sixth_drops_the_link() {
    let (mut bench, link) = connected();
    let five = [C2D, "devices/+/messages/devicebound/#", TWIN_ANSWERS, DESIRED, METHODS];
    for filter in five.iter().chain(&five) {
        bench.subscribed(link, &[(filter, 1)]);
    }
    unsubscribe(&mut bench, link, 9, METHODS);
    bench.take(link);
    bench.subscribed(link, &[(METHODS, 0)]);
    bench.subscribe(link, &[("devices/+/messages/deviceBound/#", 1)]);
    assert_eq!(bench.reason(link), Some(Reason::TooManySubscriptions));
}

/// PROTOCOL 4, UNSUBSCRIBE
#[test]
fn unsubscribe_is_acknowledged_and_takes_effect() {
    let (mut bench, link) = listening(&[(METHODS, 0)]);
    unsubscribe(&mut bench, link, 8, METHODS);
    assert!(matches!(bench.take(link), Some(Packet::UnsubAck(ack)) if ack.pkid == 8));
    let (status, error) = invoke(&mut bench, r#"{"methodName":"m"}"#).unwrap();
    assert_eq!((status, new_number(&error)), (404, 404_103));
    unsubscribe(&mut bench, link, 10, METHODS);
    assert!(matches!(bench.take(link), Some(Packet::UnsubAck(ack)) if ack.pkid == 10), "never held is fine");
}

/// PROTOCOL 4, Server to client QoS [EI]
#[test]
fn every_kind_of_message_comes_with_the_qos_that_was_granted() {
    for (asked, want) in [(0, QoS::AtMostOnce), (1, QoS::AtLeastOnce), (2, QoS::AtLeastOnce)] {
        let (mut bench, link) =
            listening(&[(C2D, asked), (TWIN_ANSWERS, asked), (DESIRED, asked), (METHODS, asked)]);
        bench.send("device-1", "x");
        bench.publish(link, "$iothub/twin/GET/?$rid=1", b"", 0, 0);
        bench.call("PATCH", "/twins/device-1", r#"{"properties":{"desired":{"x":1}}}"#);
        invoke(&mut bench, r#"{"methodName":"m"}"#);
        let mut ids = Vec::new();
        for _ in 0..4 {
            let publish = bench.take_publish(link);
            assert_eq!(publish.qos, want, "{}", publish.topic);
            ids.push(publish.pkid);
        }
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), if want == QoS::AtMostOnce { 1 } else { 4 }, "ids in flight are distinct");
    }
}

/// PROTOCOL 4, C2D with no matching subscription [E]
#[test]
fn a_message_that_nobody_listens_for_is_kept_and_not_rejected() {
    let (mut bench, link) = listening(&[(TWIN_ANSWERS, 0)]);
    bench.send("device-1", "x");
    assert_eq!((bench.take(link).is_none(), waiting(&mut bench)), (true, 1));
    bench.subscribed(link, &[(C2D, 1)]);
    assert_eq!(&bench.take_publish(link).payload[..], b"x");
}

/// PROTOCOL 4, C2D with no matching subscription [E]
#[test]
fn a_message_that_comes_after_unsubscribe_is_kept() {
    let (mut bench, link) = listening(&[(C2D, 1)]);
    unsubscribe(&mut bench, link, 2, C2D);
    bench.take(link);
    bench.send("device-1", "x");
    assert_eq!((bench.take(link).is_none(), waiting(&mut bench)), (true, 1));
}
