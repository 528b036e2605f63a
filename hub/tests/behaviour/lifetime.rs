//! How long links live: keep-alive, tokens, sessions, wills. PROTOCOL 2.3, 3.1.

use crate::support::{Bench, Hello, START_MS, token};
use iothub_hub::{FIRST_DEVICE_KEY, LinkId, Reason};
use iothub_protocol::packet::Packet;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const C2D: &str = "devices/device-1/messages/devicebound/#";

#[test]
fn silence_of_one_and_a_half_keep_alives_ends_a_link() {
    let mut bench = Bench::new();
    let mut hello = bench.hello("device-1", None);
    hello.keep_alive = 60;
    let (link, _) = bench.introduce(&hello);
    bench.pass(89_000);
    bench.ping(link);
    assert!(matches!(bench.take(link), Some(Packet::PingResp)));
    bench.pass(89_999);
    assert_eq!(bench.reason(link), None);
    bench.pass(1);
    assert_eq!(bench.reason(link), Some(Reason::KeepAliveTimeout));
}

#[test]
fn the_ceiling_is_1767_seconds() {
    // PROTOCOL 2.3, 15 row 17; keep-alive 0 means the ceiling.
    for keep_alive in [0, 1178, 65_535] {
        let mut bench = Bench::new();
        let mut hello = bench.hello("device-1", None);
        hello.keep_alive = keep_alive;
        hello.password =
            token("localhost/devices/device-1", FIRST_DEVICE_KEY, START_MS / 1000 + 100_000, None);
        let (link, _) = bench.introduce(&hello);
        bench.pass(1_766_999);
        assert_eq!(bench.reason(link), None, "{keep_alive}");
        bench.pass(1);
        assert_eq!(bench.reason(link), Some(Reason::KeepAliveTimeout), "{keep_alive}");
    }
}

#[test]
fn a_live_link_outlives_its_token_by_the_grace() {
    // PROTOCOL 3.1, 15 row 9: closed without a packet at se + 600 s.
    let mut bench = Bench::new();
    let mut hello = bench.hello("device-1", None);
    hello.keep_alive = 0;
    hello.password = token("localhost/devices/device-1", FIRST_DEVICE_KEY, START_MS / 1000 + 60, None);
    let (link, _) = bench.introduce(&hello);
    bench.pass(659_999);
    assert_eq!(bench.reason(link), None);
    bench.pass(1);
    assert_eq!(bench.reason(link), Some(Reason::TokenExpired));
    assert!(bench.take(link).is_none());
}

#[test]
fn moving_the_clock_ends_tokens() {
    let mut bench = Bench::new();
    let link = bench.connect("device-1");
    let (status, clock) = bench.local("POST", "/local/clock", r#"{"advanceSeconds":4199}"#);
    assert_eq!((status, clock["offsetMs"].as_i64()), (200, Some(4_199_000)));
    assert_eq!(bench.reason(link), None);
    bench.local("POST", "/local/clock", r#"{"advanceSeconds":1}"#);
    assert_eq!(bench.reason(link), Some(Reason::TokenExpired));
}

#[test]
fn a_stopped_clock_lets_no_token_end() {
    let mut bench = Bench::new();
    let mut hello = bench.hello("device-1", None);
    hello.keep_alive = 1000;
    let (link, _) = bench.introduce(&hello);
    bench.local("POST", "/local/clock", r#"{"stopped":true}"#);
    for _ in 0..10 {
        bench.pass(1_000_000);
        bench.ping(link);
    }
    assert_eq!(bench.reason(link), None);
    bench.local("POST", "/local/clock", r#"{"reset":true}"#);
    assert_eq!(bench.reason(link), Some(Reason::TokenExpired));
}

#[test]
fn a_kept_session_is_found_again_and_a_clean_one_is_not() {
    // PROTOCOL 2.3 "Clean session".
    let mut bench = Bench::new();
    let hello = bench.hello("device-1", None);
    let (link, answer) = bench.introduce(&hello);
    assert_eq!(answer, Some((0, false)));
    bench.subscribed(link, &[(C2D, 1)]);
    bench.disconnect(link);
    let (link, answer) = bench.introduce(&hello);
    assert_eq!(answer, Some((0, true)));
    bench.drop_socket(link);
    let clean = Hello { clean: true, ..hello.clone() };
    assert_eq!(bench.introduce(&clean).1, Some((0, false)));
    assert_eq!(bench.introduce(&hello).1, Some((0, false)));
}

#[test]
fn what_was_queued_comes_right_after_connack() {
    // PROTOCOL 8 "When delivery starts" and trap 1.
    let mut bench = Bench::new();
    let link = bench.connect("device-1");
    bench.subscribed(link, &[(C2D, 1)]);
    bench.drop_socket(link);
    assert_eq!(bench.send("device-1", "while you were out"), 201);
    let hello = bench.hello("device-1", None);
    let (link, answer) = bench.introduce(&hello);
    assert_eq!(answer, Some((0, true)));
    assert_eq!(&bench.take_publish(link).payload[..], b"while you were out");
}

#[test]
fn a_will_becomes_telemetry_when_the_link_dies() {
    // PROTOCOL 2.3 "Will topic".
    let mut bench = Bench::new();
    let mut hello = bench.hello("device-1", None);
    hello.will = Some(("devices/device-1/messages/events/why=lost".into(), "gone".into()));
    let (link, _) = bench.introduce(&hello);
    bench.drop_socket(link);
    let told = bench.events_of("telemetry");
    assert_eq!(told[0]["body"], "gone");
    assert_eq!(told[0]["properties"], serde_json::json!({"why": "lost", "iothub-MessageType": "Will"}));
}

#[test]
fn disconnect_drops_the_will() {
    let mut bench = Bench::new();
    let mut hello = bench.hello("device-1", None);
    hello.will = Some(("devices/device-1/messages/events/".into(), "gone".into()));
    let (link, _) = bench.introduce(&hello);
    bench.disconnect(link);
    assert_eq!(bench.reason(link), Some(Reason::ClientDisconnected));
    assert!(bench.events_of("telemetry").is_empty());
}

#[test]
fn a_will_to_another_topic_is_ignored_not_refused() {
    // PROTOCOL 2.3 "Other will topic".
    let mut bench = Bench::new();
    let mut hello = bench.hello("device-1", None);
    hello.will = Some(("willMessage".into(), "gone".into()));
    let (link, answer) = bench.introduce(&hello);
    assert_eq!(answer, Some((0, false)));
    assert!(bench.events_of("connection")[0]["willIgnored"].is_string());
    bench.drop_socket(link);
    assert!(bench.events_of("telemetry").is_empty());
}

#[test]
fn disabling_or_deleting_drops_a_live_link() {
    // PROTOCOL 4 "Device disabled or deleted while connected".
    let mut bench = Bench::new();
    let link = bench.connect("device-1");
    bench.call_if("PUT", "/devices/device-1", "*", r#"{"status":"disabled"}"#);
    assert_eq!(bench.reason(link), Some(Reason::DeviceDisabled));
    bench.register("d2");
    let link = bench.connect("d2");
    assert_eq!(bench.call("DELETE", "/devices/d2", "").0, 204);
    assert_eq!(bench.reason(link), Some(Reason::DeviceDeleted));
    assert!(bench.take(link).is_none());
}

#[test]
fn sockets_without_a_connect_hold_no_more_than_eight_megabytes_together() {
    let mut bench = Bench::new();
    let honest = bench.open();
    bench.feed(honest, &[0x10]);
    let pieces: Vec<LinkId> = (0..200)
        .map(|_| {
            let link = bench.open();
            // A CONNECT of 200,000 bytes is announced, most of it comes.
            bench.feed(
                link,
                &[&[0x10, 0xc0, 0x9a, 0x0c, 0, 4][..], b"MQTT\x04\xc0\0\0", &[0; 150_000]].concat(),
            );
            link
        })
        .collect();
    let alive = pieces.iter().filter(|link| bench.reason(**link).is_none()).count();
    assert!((50..=56).contains(&alive), "{alive}");
    assert!(pieces.iter().all(|l| matches!(bench.reason(*l), None | Some(Reason::MessageTooLarge))));
    assert_eq!(bench.reason(honest), None, "the one that holds most goes");
    // One of 300,000 is not waited for; after CONNECT a packet may have as many.
    let link = bench.open();
    bench.feed(link, &[0x10, 0xe0, 0xa7, 0x12]);
    assert_eq!(bench.reason(link), Some(Reason::MessageTooLarge));

    let link = bench.connect("device-1");
    bench.publish(link, "devices/device-1/messages/events/", &[b'x'; 262_144], 1, 1);
    assert_eq!(bench.reason(link), None);
}

#[test]
fn the_last_activity_is_when_something_was_sent_or_received() {
    let mut bench = Bench::new();
    let active = |bench: &mut Bench| {
        let (_, device) = bench.call("GET", "/devices/device-1", "");
        assert_eq!(
            bench.call("GET", "/twins/device-1", "").1["lastActivityTime"],
            device["lastActivityTime"]
        );
        device["lastActivityTime"].as_str().unwrap().to_owned()
    };
    let link = bench.connect("device-1");
    bench.subscribed(
        link,
        &[
            ("devices/device-1/messages/devicebound/#", 1),
            ("$iothub/methods/POST/#", 0),
            ("$iothub/twin/res/#", 0),
        ],
    );
    let mut before = active(&mut bench);
    let mut moved = |bench: &mut Bench, what: &str, moves: bool| {
        let after = active(bench);
        assert_eq!(after != before, moves, "{what}");
        before = after;
        bench.pass(1_000);
    };
    bench.pass(1_000);
    bench.ping(link);
    moved(&mut bench, "a ping is no message", false);
    bench.publish(link, "devices/device-1/messages/events/", b"x", 1, 1);
    moved(&mut bench, "telemetry", true);
    bench.send("device-1", "x");
    moved(&mut bench, "a message to the device", true);
    bench.puback(link, 1);
    moved(&mut bench, "its PUBACK", true);
    bench.publish(link, "$iothub/twin/GET/?$rid=1", b"", 0, 0);
    moved(&mut bench, "a twin that is read", true);
    let body = r#"{"methodName":"x"}"#;
    let headers = vec![("host".to_owned(), "localhost".to_owned())];
    assert!(bench.request("POST", "/local/devices/device-1/methods", "", headers, body).is_none());
    moved(&mut bench, "a method", true);
    bench.publish(link, "$iothub/methods/res/200/?$rid=1", b"", 0, 0);
    moved(&mut bench, "its answer", true);
}
