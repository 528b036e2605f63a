//! PROTOCOL 8: cloud to device.

use crate::helpers::{C2D, MESSAGES, c2d_states, configured, listening, old_name, switched, waiting};
use crate::support::{Bench, Hello, json_of};
use iothub_hub::LinkId;
use iothub_protocol::packet::QoS;
use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn post(bench: &mut Bench, message: &Value) -> (u16, Value) {
    bench.local("POST", MESSAGES, &message.to_string())
}

/// The bodies that wait on a link, in order, with their DUP flags.
fn bodies(bench: &mut Bench, link: LinkId) -> Vec<(String, bool)> {
    let mut out = Vec::new();
    while let Some(packet) = bench.take(link) {
        let iothub_protocol::packet::Packet::Publish(publish) = packet else { panic!("{packet:?}") };
        out.push((String::from_utf8(publish.payload.to_vec()).unwrap(), publish.dup));
    }
    out
}

/// PROTOCOL 8, Size [D]
#[test]
fn a_message_has_64_kb_counted_as_on_the_way_up() {
    let mut bench = Bench::new();
    let of = |body: usize| json!({"body": "x".repeat(body), "messageId": "12345", "contentType": "a/b", "properties": {"ab": "cd"}});
    assert_eq!(post(&mut bench, &of(65_536 - 12)).0, 201);
    let (status, error) = post(&mut bench, &of(65_536 - 11));
    assert_eq!((status, &error["errorCode"]), (413, &json!(413_001)));
}

/// PROTOCOL 8, Queue [D]
#[test]
fn fifty_wait_the_fifty_first_is_refused_and_an_ack_makes_room() {
    let (mut bench, link) = listening(&[(C2D, 1)]);
    for _ in 0..50 {
        assert_eq!(bench.send("device-1", "x"), 201);
    }
    let (status, error) = post(&mut bench, &json!({}));
    assert_eq!((status, &error["errorCode"]), (403, &json!(403_004)));
    assert_eq!(error["info"]["name"], "DeviceMaximumQueueDepthExceeded");
    let id = bench.take_publish(link).pkid;
    bench.puback(link, id);
    assert_eq!(bench.send("device-1", "x"), 201);
    bench.register("other");
    assert_eq!(bench.send("other", "x"), 201, "each device has its own queue");
}

/// PROTOCOL 8, TTL [D]
#[test]
fn a_message_lives_an_hour_unless_it_or_the_hub_says_otherwise() {
    for (default_ms, message, life) in [
        (3_600_000, json!({}), 3_600_000),
        (60_000, json!({}), 60_000),
        (172_800_000, json!({}), 172_800_000),
        (3_600_000, json!({"expiryTimeUtc": "2027-01-01T00:00:07Z"}), 7_000),
        (60_000, json!({"expiryTimeUtc": "2027-01-01T02:00:00Z"}), 7_200_000),
    ] {
        let mut bench = configured(|config| config.default_ttl_ms = default_ms);
        assert_eq!(post(&mut bench, &message).0, 201);
        bench.pass(life - 1);
        assert_eq!(waiting(&mut bench), 1, "{message}");
        bench.pass(1);
        assert_eq!(waiting(&mut bench), 0, "{message}");
        assert_eq!(c2d_states(&mut bench), ["queued", "expired"]);
    }
}

/// PROTOCOL 8, Lock [D]
#[test]
fn a_link_holds_its_message_until_puback_or_disconnect() {
    let mut bench = Bench::new();
    let hello = Hello { keep_alive: 0, ..bench.hello("device-1", None) };
    let (link, _) = bench.introduce(&hello);
    bench.subscribed(link, &[(C2D, 1)]);
    post(&mut bench, &json!({"body": "x", "expiryTimeUtc": "2027-01-01T00:05:00Z"}));
    assert_eq!(bodies(&mut bench, link), [("x".to_owned(), false)]);
    bench.pass(20 * 60_000);
    assert_eq!(bodies(&mut bench, link), [], "no lock runs out on a live link");
    assert_eq!(waiting(&mut bench), 1, "and nothing expires there");
    bench.drop_socket(link);
    assert_eq!(waiting(&mut bench), 0);
}

/// PROTOCOL 8, PUBACK [D]
#[test]
fn puback_removes_the_message() {
    let (mut bench, link) = listening(&[(C2D, 1)]);
    bench.send("device-1", "x");
    let publish = bench.take_publish(link);
    assert_eq!((publish.qos, waiting(&mut bench)), (QoS::AtLeastOnce, 1));
    bench.puback(link, publish.pkid);
    assert_eq!(waiting(&mut bench), 0);
    assert_eq!(c2d_states(&mut bench), ["queued", "delivered", "completed"]);
    bench.puback(link, publish.pkid);
    assert_eq!(bench.reason(link), None, "a PUBACK too many is no offence");
}

/// PROTOCOL 8, Reject and abandon [D]
#[test]
fn a_device_can_not_hand_a_message_back_over_mqtt() {
    let (mut bench, link) = listening(&[(C2D, 1)]);
    bench.send("device-1", "x");
    bench.take_publish(link);
    bench.publish(link, "devices/device-1/messages/devicebound/x/abandon", b"", 0, 0);
    assert_eq!(bench.reason(link), Some(iothub_hub::Reason::UnknownTopic));
    assert_eq!(waiting(&mut bench), 1);
}

/// PROTOCOL 8, Delivery count
/// PROTOCOL 8, After the limit or TTL [I]
#[test]
fn deliveries_end_a_message_only_when_the_switch_counts_them() {
    for (counted, max, comes) in [(false, 10, 13), (true, 10, 10), (true, 1, 1)] {
        let mut bench = configured(|config| {
            config.switches.count_redeliveries = counted;
            config.max_delivery_count = max;
        });
        let link = bench.connect("device-1");
        bench.subscribed(link, &[(C2D, 1)]);
        post(&mut bench, &json!({"body": "x", "ack": "negative"}));
        let mut seen = bodies(&mut bench, link).len();
        bench.drop_socket(link);
        for _ in 0..12 {
            let link = bench.connect("device-1");
            seen += bodies(&mut bench, link).len();
            bench.drop_socket(link);
        }
        assert_eq!(seen, comes, "{counted} {max}");
        assert_eq!(waiting(&mut bench), usize::from(!counted));
        if counted {
            assert_eq!(
                c2d_states(&mut bench).last().unwrap(),
                "dead-lettered",
                "nobody can read it, but all see it"
            );
            bench.pass(15_000);
            let records = bench.events_of("feedback")[0]["records"].clone();
            assert_eq!(records[0]["statusCode"], "DeliveryCountExceeded");
        }
    }
}

/// PROTOCOL 8, PUBACK order [EI]
#[test]
fn acknowledgements_out_of_order_complete_the_right_messages() {
    let (mut bench, link) = listening(&[(C2D, 1)]);
    for body in ["one", "two", "three"] {
        bench.send("device-1", body);
    }
    let ids: Vec<u16> = (0..3).map(|_| bench.take_publish(link).pkid).collect();
    bench.puback(link, ids[2]);
    bench.puback(link, ids[0]);
    assert_eq!(bench.reason(link), None);
    bench.drop_socket(link);
    let link = bench.connect("device-1");
    assert_eq!(bodies(&mut bench, link), [("two".to_owned(), true)]);
}

/// PROTOCOL 8, Redelivery [E]
#[test]
fn what_was_not_acknowledged_comes_again_first_and_with_dup() {
    let (mut bench, link) = listening(&[(C2D, 1)]);
    bench.send("device-1", "one");
    bench.send("device-1", "two");
    bench.drop_socket(link);
    bench.send("device-1", "three");
    let link = bench.connect("device-1");
    let seen = bodies(&mut bench, link);
    assert_eq!(seen, [("one".to_owned(), true), ("two".to_owned(), true), ("three".to_owned(), false)]);
}

/// PROTOCOL 8, When delivery starts [I]
#[test]
fn a_stored_subscription_delivers_right_after_connack_in_the_same_write() {
    let (mut bench, link) = listening(&[(C2D, 1)]);
    bench.disconnect(link);
    bench.send("device-1", "early");
    let hello = bench.hello("device-1", None);
    let (link, answer) = bench.introduce(&hello);
    assert_eq!(answer, Some((0, true)));
    assert_eq!(bodies(&mut bench, link), [("early".to_owned(), false)]);
    assert_eq!(bench.frames[&link].len(), 1);
}

/// PROTOCOL 8, When delivery starts [I]
#[test]
fn without_a_stored_subscription_delivery_waits_for_subscribe() {
    let mut bench = Bench::new();
    bench.send("device-1", "x");
    let link = bench.connect("device-1");
    assert_eq!(bodies(&mut bench, link), []);
    bench.subscribed(link, &[(C2D, 1)]);
    assert_eq!(bodies(&mut bench, link), [("x".to_owned(), false)]);
}

/// PROTOCOL 8, Clean session 1
#[test]
fn a_clean_session_keeps_the_queue_or_by_switch_discards_it() {
    for (purge, left) in [(false, 1), (true, 0)] {
        let mut bench = switched(|switches| switches.purge_on_clean_session = purge);
        assert_eq!(bench.send("device-1", "x"), 201, "queued before the first session");
        let clean = Hello { clean: true, ..bench.hello("device-1", None) };
        bench.introduce(&clean);
        assert_eq!(waiting(&mut bench), left);
    }
}

/// PROTOCOL 8, Module [D]
/// PROTOCOL 5, C2D subscribe, module [X]
#[test]
fn a_module_gets_its_own_messages_and_none_of_its_device() {
    let mut bench = Bench::new();
    bench.register_module("device-1", "m");
    let hello = bench.hello("device-1", Some("m"));
    let (link, _) = bench.introduce(&hello);
    bench.subscribed(link, &[("devices/device-1/modules/m/messages/devicebound/#", 1)]);
    bench.send("device-1", "of the device");
    let (status, _) = bench.local("POST", "/local/devices/device-1/modules/m/messages", r#"{"body":"own"}"#);
    assert_eq!((status, &bench.take_publish(link).payload[..]), (201, &b"own"[..]));
    assert!(bench.take(link).is_none());
    bench.subscribe(link, &[(C2D, 1)]);
    assert_eq!(bench.reason(link), Some(iothub_hub::Reason::ForeignTopic));
}

fn feedback(bench: &mut Bench) -> (u16, Option<String>, Value, String) {
    let response = bench.call_as("service", "GET", "/messages/serviceBound/feedback", &[], "");
    let header = |name: &str| response.headers.iter().find(|h| h.0 == name).map(|h| h.1.clone());
    let lock = header("etag").map(|etag| etag.trim_matches('"').to_owned());
    (response.status, lock, json_of(&response), header("content-type").unwrap_or_default())
}

/// PROTOCOL 8, Feedback [D]
#[test]
fn feedback_says_what_became_of_those_messages_whose_sender_asked() {
    let (mut bench, link) = listening(&[(C2D, 1)]);
    for (id, ack) in [("p", "positive"), ("n", "negative"), ("f", "full"), ("-", "none")] {
        post(&mut bench, &json!({"messageId": id, "ack": ack}));
        let pkid = bench.take_publish(link).pkid;
        bench.puback(link, pkid);
    }
    bench.disconnect(link);
    for (id, ack) in [("P", "positive"), ("N", "negative"), ("F", "full")] {
        post(&mut bench, &json!({"messageId": id, "ack": ack, "expiryTimeUtc": "2027-01-01T00:00:05Z"}));
    }
    bench.pass(5_000);
    post(&mut bench, &json!({"messageId": "purged", "ack": "negative"}));
    assert_eq!(bench.call("DELETE", "/devices/device-1/commands", "").0, 200);
    bench.pass(9_999);
    assert_eq!(feedback(&mut bench).0, 204, "collected for 15 s");
    bench.pass(1);
    let (status, _, records, content_type) = feedback(&mut bench);
    assert_eq!((status, content_type.as_str()), (200, "application/vnd.microsoft.iothub.feedback.json"));
    let told: Vec<(&str, &str)> = records
        .as_array()
        .unwrap()
        .iter()
        .map(|r| (r["originalMessageId"].as_str().unwrap(), r["statusCode"].as_str().unwrap()))
        .collect();
    assert_eq!(
        told,
        [("p", "Success"), ("f", "Success"), ("N", "Expired"), ("F", "Expired"), ("purged", "Purged")]
    );
    let generation = bench.call("GET", "/devices/device-1", "").1["generationId"].clone();
    assert_eq!(
        (&records[0]["deviceId"], &records[0]["deviceGenerationId"]),
        (&json!("device-1"), &generation)
    );
    assert!(records[0]["enqueuedTimeUtc"].as_str().unwrap().starts_with("2027-01-01T00:00:00"));
    assert!(records[0]["description"].is_string());
}

/// PROTOCOL 8, Feedback [D]
#[test]
fn sixty_four_records_are_sent_at_once_locked_for_a_minute_and_kept_for_an_hour() {
    let mut bench = Bench::new();
    for _ in 0..64 {
        post(&mut bench, &json!({"ack": "full"}));
        bench.call("DELETE", "/devices/device-1/commands", "");
    }
    let (status, lock, records, _) = feedback(&mut bench);
    assert_eq!((status, records.as_array().unwrap().len()), (200, 64));
    assert_eq!(feedback(&mut bench).0, 204, "locked");
    bench.pass(60_000);
    let (status, again, ..) = feedback(&mut bench);
    assert_eq!(status, 200, "the lock has run out");
    let path = |lock: &Option<String>| format!("/messages/serviceBound/feedback/{}", lock.clone().unwrap());
    assert_eq!(bench.call("POST", &format!("{}/abandon", path(&again)), "").0, 204);
    assert_eq!(feedback(&mut bench).0, 200, "abandoned, so there at once");
    bench.pass(3_600_000);
    assert_eq!(feedback(&mut bench).0, 204, "an hour has passed");
    let (status, error) = bench.call("DELETE", &path(&lock), "");
    assert_eq!((status, old_name(&error)), (412, "DeviceMessageLockLost"));
}

/// PROTOCOL 8, REST send [I]
#[test]
fn microsofts_rest_has_no_send_and_local_has_one() {
    let mut bench = Bench::new();
    for path in ["/devices/device-1/messages/devicebound", "/messages/devicebound"] {
        assert_eq!(bench.call("POST", path, "{}").0, 400, "{path}");
    }
    let (status, said) = post(&mut bench, &json!({"body": "x"}));
    assert_eq!((status, said["messageId"].is_string()), (201, true));
    assert_eq!(bench.local("POST", "/local/devices/nobody/messages", "{}").0, 404);
}
