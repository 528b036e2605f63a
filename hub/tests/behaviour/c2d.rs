//! Cloud-to-device messages. PROTOCOL 8.

use crate::support::{Bench, Hello, START_MS};
use iothub_hub::{HubConfig, LinkId, Switches};
use iothub_protocol::packet::{Packet, QoS};
use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const C2D: &str = "devices/device-1/messages/devicebound/#";
const MESSAGES: &str = "/local/devices/device-1/messages";

fn listening(bench: &mut Bench) -> LinkId {
    let link = bench.connect("device-1");
    bench.subscribed(link, &[(C2D, 1)]);
    link
}

fn states(bench: &mut Bench) -> Vec<Value> {
    bench.events_of("c2d").iter().map(|event| event["state"].clone()).collect()
}

fn waiting(bench: &mut Bench) -> usize {
    bench.local("GET", MESSAGES, "").1.as_array().unwrap().len()
}

#[test]
fn all_properties_arrive_in_the_topic() {
    // PROTOCOL 6.1 "No = vs empty", 6.2, 18.4.
    let mut bench = Bench::new();
    let link = listening(&mut bench);
    let body = json!({"body": "hi", "messageId": "m+1", "correlationId": "", "userId": "u", "contentType": "text/plain",
        "contentEncoding": "utf-8", "expiryTimeUtc": "2027-01-02T23:06:40Z", "ack": "full",
        "properties": {"a+b": "c+d", "empty": "", "none": null}});
    assert_eq!(bench.local("POST", MESSAGES, &body.to_string()).0, 201);
    let publish = bench.take_publish(link);
    assert_eq!(publish.qos, QoS::AtLeastOnce);
    assert_eq!(
        publish.topic,
        "devices/device-1/messages/devicebound/%24.cid=&%24.mid=m%2B1&%24.to=%2Fdevices%2Fdevice-1%2Fmessages%2Fdevicebound\
         &%24.uid=u&%24.ct=text%2Fplain&%24.ce=utf-8&%24.exp=2027-01-02T23%3A06%3A40.0000000Z&iothub-ack=full\
         &a%2Bb=c%2Bd&empty=&none"
    );
}

#[test]
fn a_message_stays_until_its_puback() {
    let mut bench = Bench::new();
    let link = listening(&mut bench);
    bench.send("device-1", "one");
    let publish = bench.take_publish(link);
    assert!(!publish.dup);
    assert_eq!(waiting(&mut bench), 1);
    bench.puback(link, publish.pkid);
    assert_eq!(waiting(&mut bench), 0);
    assert_eq!(states(&mut bench), ["queued", "delivered", "completed"]);
}

#[test]
fn what_was_not_acknowledged_comes_again_with_dup_and_in_order() {
    // PROTOCOL 8 "Redelivery".
    let mut bench = Bench::new();
    let link = listening(&mut bench);
    for body in ["one", "two", "three"] {
        bench.send("device-1", body);
    }
    let first = bench.take_publish(link);
    bench.puback(link, first.pkid);
    bench.drop_socket(link);
    let link = bench.connect("device-1");
    let again: Vec<_> = (0..2).map(|_| bench.take_publish(link)).collect();
    assert_eq!(
        again.iter().map(|p| (&p.payload[..], p.dup)).collect::<Vec<_>>(),
        [(&b"two"[..], true), (b"three", true)]
    );
    assert_ne!(again[0].pkid, again[1].pkid);
}

#[test]
fn fifty_wait_and_the_next_is_refused() {
    // PROTOCOL 8 "Queue": 403004.
    let mut bench = Bench::new();
    for _ in 0..50 {
        assert_eq!(bench.send("device-1", "x"), 201);
    }
    let (status, answer) = bench.local("POST", MESSAGES, r#"{"body":"x"}"#);
    assert_eq!((status, &answer["errorCode"]), (403, &json!(403_004)));
    let link = bench.connect("device-1");
    bench.subscribed(link, &[(C2D, 1)]);
    for _ in 0..50 {
        let publish = bench.take_publish(link);
        bench.puback(link, publish.pkid);
    }
    assert_eq!(bench.send("device-1", "x"), 201);
}

#[test]
fn messages_expire_and_are_told() {
    // PROTOCOL 8 "TTL": 1 h unless said otherwise.
    let mut bench = Bench::new();
    bench.send("device-1", "an hour");
    bench.local(
        "POST",
        MESSAGES,
        r#"{"body":"a minute","expiryTimeUtc":"2027-01-01T00:01:00Z","ack":"negative"}"#,
    );
    bench.pass(60_000);
    assert_eq!(waiting(&mut bench), 1);
    bench.pass(3_540_000);
    assert_eq!(waiting(&mut bench), 0);
    assert_eq!(states(&mut bench), ["queued", "queued", "expired", "expired"]);
    let (status, _) = bench.local("POST", MESSAGES, r#"{"body":"x","expiryTimeUtc":"2026-01-01T00:00:00Z"}"#);
    assert_eq!(status, 400);
}

#[test]
fn a_message_has_64_kb() {
    let mut bench = Bench::new();
    let of = |bytes: usize| json!({"body": "x".repeat(bytes), "messageId": "m"}).to_string();
    assert_eq!(bench.local("POST", MESSAGES, &of(65_535)).0, 201);
    assert_eq!(bench.local("POST", MESSAGES, &of(65_536)).0, 413);
}

#[test]
fn deliveries_count_only_by_switch() {
    // PROTOCOL 8 "Delivery count", 15 row 10: by default redelivery raises nothing.
    for (count_redeliveries, left) in [(false, 1), (true, 0)] {
        let switches = Switches { count_redeliveries, ..Switches::default() };
        let mut bench = Bench::with(HubConfig { switches, ..HubConfig::default() });
        let link = listening(&mut bench);
        bench.send("device-1", "x");
        bench.drop_socket(link);
        for _ in 0..10 {
            let link = bench.connect("device-1");
            bench.drop_socket(link);
        }
        assert_eq!(waiting(&mut bench), left);
        assert_eq!(states(&mut bench).last() == Some(&json!("dead-lettered")), count_redeliveries);
    }
}

#[test]
fn clean_session_keeps_the_queue_or_by_switch_purges_it() {
    // PROTOCOL 15 row 11 and 12.
    for (purge_on_clean_session, left) in [(false, 1), (true, 0)] {
        let switches = Switches { purge_on_clean_session, ..Switches::default() };
        let mut bench = Bench::with(HubConfig { switches, ..HubConfig::default() });
        assert_eq!(bench.send("device-1", "before the first session"), 201);
        let hello = Hello { clean: true, ..bench.hello("device-1", None) };
        bench.introduce(&hello);
        assert_eq!(waiting(&mut bench), left);
    }
}

#[test]
fn feedback_is_collected_for_15_seconds() {
    // PROTOCOL 8 "Feedback".
    let mut bench = Bench::new();
    let link = listening(&mut bench);
    bench.local("POST", MESSAGES, r#"{"body":"x","messageId":"m1","ack":"positive"}"#);
    bench.local("POST", MESSAGES, r#"{"body":"x","messageId":"m2","ack":"negative"}"#);
    for _ in 0..2 {
        let publish = bench.take_publish(link);
        bench.puback(link, publish.pkid);
    }
    bench.pass(14_999);
    assert!(bench.events_of("feedback").is_empty());
    bench.pass(1);
    let told = bench.events_of("feedback");
    let records = told[0]["records"].as_array().unwrap();
    assert_eq!(records.len(), 1);
    assert_eq!(
        (records[0]["originalMessageId"].as_str(), records[0]["statusCode"].as_str()),
        (Some("m1"), Some("Success"))
    );
    let fetched = bench.call_as("service", "GET", "/messages/serviceBound/feedback", &[], "");
    let lock = fetched.headers.iter().find(|h| h.0 == "etag").unwrap().1.trim_matches('"').to_owned();
    assert_eq!(bench.call("GET", "/messages/serviceBound/feedback", "").0, 204);
    assert_eq!(bench.call("DELETE", &format!("/messages/serviceBound/feedback/{lock}"), "").0, 204);
    assert_eq!(bench.call("DELETE", &format!("/messages/serviceBound/feedback/{lock}"), "").0, 412);
}

#[test]
fn purge_drops_all_that_waits() {
    // PROTOCOL 14.1 "Purge C2D".
    let mut bench = Bench::new();
    bench.send("device-1", "x");
    bench.send("device-1", "y");
    let (status, answer) = bench.call("DELETE", "/devices/device-1/commands", "");
    assert_eq!(
        (status, answer),
        (200, json!({"totalMessagesPurged": 2, "deviceId": "device-1", "moduleId": null}))
    );
    assert_eq!(waiting(&mut bench), 0);
}

#[test]
fn bodies_of_all_kinds_and_bad_ones() {
    let mut bench = Bench::new();
    let link = listening(&mut bench);
    for (given, sent) in [
        (r#"{"bodyBase64":"/wA="}"#, &[0xff, 0x00][..]),
        (r#"{"body":{"a":1}}"#, br#"{"a":1}"#),
        (r#"{}"#, b""),
    ] {
        assert_eq!(bench.local("POST", MESSAGES, given).0, 201);
        assert_eq!(&bench.take_publish(link).payload[..], sent);
    }
    for bad in [
        r#"{"body":"a","bodyBase64":"YQ=="}"#,
        r#"{"bodyBase64":"?"}"#,
        r#"{"text":"a"}"#,
        r#"{"ack":"maybe"}"#,
        "[]",
        "no json",
    ] {
        assert_eq!(bench.local("POST", MESSAGES, bad).0, 400, "{bad}");
    }
    assert_eq!(bench.local("POST", "/local/devices/nobody/messages", "{}").0, 404);
}

#[test]
fn what_comes_again_with_qos_0_has_no_dup() {
    // MQTT-3.3.1-2. The session before had asked for QoS 1, and a fault sends all twice.
    let mut bench = Bench::new();
    let link = listening(&mut bench);
    bench.send("device-1", "a");
    assert_eq!(bench.take_publish(link).qos, QoS::AtLeastOnce);
    bench.drop_socket(link);
    let (link, _) = bench.introduce(&Hello { clean: true, ..bench.hello("device-1", None) });
    bench.subscribed(link, &[(C2D, 0)]);
    bench.local("POST", "/local/faults", r#"{"kind":"duplicate"}"#);
    bench.send("device-1", "b");
    let got: Vec<_> = std::iter::from_fn(|| bench.take(link)).collect();
    let flags: Vec<_> = got
        .iter()
        .map(|packet| match packet {
            Packet::Publish(publish) => (publish.qos as u8, publish.dup),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(flags, [(0, false); 3]);
}

#[test]
fn a_message_expires_at_its_time_behind_one_that_is_on_a_link() {
    let mut bench = Bench::new();
    let link = bench.connect("device-1");
    bench.subscribed(link, &[(C2D, 1)]);
    let until =
        |seconds: u64| iothub_protocol::time::format_millis((START_MS + seconds * 1000).cast_signed());
    let send = |bench: &mut Bench, id: &str, at: u64| {
        let body = json!({"messageId": id, "expiryTimeUtc": until(at)}).to_string();
        assert_eq!(bench.local("POST", MESSAGES, &body).0, 201);
    };
    send(&mut bench, "on-the-link", 2);
    let filter = C2D.as_bytes();
    let length = u8::try_from(filter.len()).unwrap();
    bench.feed(link, &[&[0xa2, length + 4, 0, 2, 0, length], filter].concat());
    bench.take(link);
    send(&mut bench, "behind-it", 3);
    bench.events();
    bench.pass(2_999);
    assert!(bench.events_of("c2d").is_empty());
    bench.pass(1);
    let told = bench.events_of("c2d");
    let told: Vec<_> = told.iter().map(|event| (&event["state"], &event["messageId"])).collect();
    assert_eq!(told, [(&json!("expired"), &json!("behind-it"))]);
    // The other one ends with its link.
    bench.drop_socket(link);
    assert_eq!(bench.events_of("c2d")[0]["messageId"], "on-the-link");
}

#[test]
fn what_no_hub_would_take_is_refused() {
    let mut bench = Bench::new();
    for (field, value) in [
        ("messageId", json!("")),
        ("messageId", json!("x".repeat(129))),
        ("messageId", json!("a b")),
        ("messageId", json!("é")),
        ("messageId", json!(5)),
        ("expiryTimeUtc", json!("2027-01-03T00:00:01Z")),
        ("expiryTimeUtc", json!("2026-12-31T23:59:59Z")),
        ("expiryTimeUtc", json!(5)),
        ("ack", json!("ful")),
        ("properties", json!({"$.mid": "evil"})),
        ("properties", json!({"$.anything": "x"})),
        ("properties", json!({"iothub-ack": "full"})),
        ("properties", json!({"": "x"})),
        ("properties", json!({"a": [1]})),
        ("properties", json!([])),
        ("property", json!({})),
    ] {
        let body = json!({"body": "x", field: value}).to_string();
        let (status, error) = bench.local("POST", MESSAGES, &body);
        assert_eq!(status, 400, "{body}: {error}");
    }
    for (field, value) in [
        ("messageId", json!("-:.+%_#*?!(),=@;$'azAZ09")),
        ("messageId", json!("x".repeat(128))),
        ("expiryTimeUtc", json!("2027-01-03T00:00:00Z")),
        ("properties", json!({"$mid": "x", "ack": "y"})),
    ] {
        let body = json!({"body": "x", field: value}).to_string();
        assert_eq!(bench.local("POST", MESSAGES, &body).0, 201, "{body}");
    }
}
