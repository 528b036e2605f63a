//! PROTOCOL 2.3: flags, keep-alive, will, and one link for each identity.

use crate::helpers::{C2D, connected, refused, told};
use crate::support::{Bench, Hello, START_MS, token};
use iothub_hub::{FIRST_DEVICE_KEY, LinkId, Reason};
use iothub_protocol::packet::Packet;
use serde_json::json;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// A link with this keep-alive and a token that outlives the test.
fn with_keep_alive(bench: &mut Bench, keep_alive: u16) -> LinkId {
    let ends = START_MS / 1000 + 1_000_000;
    let password = token("localhost/devices/device-1", FIRST_DEVICE_KEY, ends, None);
    let hello = Hello { keep_alive, password, ..bench.hello("device-1", None) };
    let (link, answer) = bench.introduce(&hello);
    assert_eq!(answer.map(|(code, _)| code), Some(0));
    link
}

fn with_will(bench: &mut Bench, topic: &str) -> LinkId {
    let will = Some((topic.to_owned(), "gone".to_owned()));
    let hello = Hello { will, ..bench.hello("device-1", None) };
    let (link, answer) = bench.introduce(&hello);
    assert_eq!(answer, Some((0, false)));
    link
}

/// PROTOCOL 2.3, Clean session [ISX]
#[test]
fn a_kept_session_is_said_to_be_present_and_a_clean_one_is_not() {
    let mut bench = Bench::new();
    let kept = bench.hello("device-1", None);
    let clean = Hello { clean: true, ..kept.clone() };
    for (hello, present) in [
        (&kept, false),
        (&kept, true),
        (&clean, false),
        (&kept, false),
        (&kept, true),
        (&clean, false),
        (&clean, false),
    ] {
        let (link, answer) = bench.introduce(hello);
        assert_eq!(answer, Some((0, present)));
        bench.disconnect(link);
    }
}

/// PROTOCOL 2.3, Clean session [ISX]
#[test]
fn a_clean_session_takes_its_subscriptions_with_it() {
    let (mut bench, link) = connected();
    bench.subscribed(link, &[(C2D, 1)]);
    let clean = Hello { clean: true, ..bench.hello("device-1", None) };
    let (link, _) = bench.introduce(&clean);
    bench.send("device-1", "for nobody yet");
    assert!(bench.take(link).is_none());
    bench.subscribed(link, &[(C2D, 1)]);
    assert_eq!(&bench.take_publish(link).payload[..], b"for nobody yet");
}

/// PROTOCOL 2.3, Keep-alive, server rule [D]
#[test]
fn silence_of_one_and_a_half_keep_alives_closes_the_link_but_never_later_than_1767_seconds() {
    for (keep_alive, silence_ms) in [
        (1, 1_500),
        (60, 90_000),
        (240, 360_000),
        (1177, 1_765_500),
        (1178, 1_767_000),
        (1767, 1_767_000),
        (65_535, 1_767_000),
    ] {
        let mut bench = Bench::new();
        let link = with_keep_alive(&mut bench, keep_alive);
        bench.pass(silence_ms - 1);
        assert_eq!(bench.reason(link), None, "{keep_alive}");
        bench.pass(1);
        assert_eq!(bench.reason(link), Some(Reason::KeepAliveTimeout), "{keep_alive}");
        assert!(bench.take(link).is_none(), "no packet says so");
    }
}

/// PROTOCOL 2.3, Keep-alive 0 [E]
#[test]
fn keep_alive_zero_is_the_servers_limit() {
    let mut bench = Bench::new();
    let link = with_keep_alive(&mut bench, 0);
    bench.pass(1_766_999);
    assert_eq!(bench.reason(link), None);
    bench.pass(1);
    assert_eq!(bench.reason(link), Some(Reason::KeepAliveTimeout));
}

/// PROTOCOL 2.3, PINGREQ [D]
#[test]
fn pingreq_is_answered_and_any_packet_resets_the_timer() {
    let mut bench = Bench::new();
    let link = with_keep_alive(&mut bench, 60);
    bench.pass(89_999);
    bench.ping(link);
    assert!(matches!(bench.take(link), Some(Packet::PingResp)));
    bench.pass(89_999);
    told(&mut bench, link, "");
    bench.pass(89_999);
    bench.puback(link, 9);
    bench.pass(89_999);
    assert_eq!(bench.reason(link), None);
    bench.pass(1);
    assert_eq!(bench.reason(link), Some(Reason::KeepAliveTimeout));
}

/// PROTOCOL 2.3, Will topic [D]
#[test]
fn a_will_is_sent_as_telemetry_when_the_link_dies_and_not_after_disconnect() {
    for (clean_end, events) in [(false, 1), (true, 0)] {
        let mut bench = Bench::new();
        let link = with_will(&mut bench, "devices/device-1/messages/events/%24.ct=text%2Fplain&why=lost");
        let end = if clean_end { Bench::disconnect } else { Bench::drop_socket };
        end(&mut bench, link);
        let told = bench.events_of("telemetry");
        assert_eq!(told.len(), events);
        if let Some(event) = told.first() {
            assert_eq!(event["body"], "gone");
            assert_eq!(event["properties"], json!({"why": "lost", "iothub-MessageType": "Will"}));
            assert_eq!(event["systemProperties"]["content-type"], "text/plain");
        }
    }
}

/// PROTOCOL 2.3, Will topic [D]
#[test]
fn every_end_but_disconnect_publishes_the_will() {
    let end: [fn(&mut Bench, LinkId); 4] = [
        |bench, link| {
            bench.publish(link, "no/such/topic", b"", 0, 0);
        },
        |bench, _| assert_ne!(bench.connect("device-1").0, 0),
        |bench, _| bench.pass(360_000),
        |bench, _| drop(bench.call_if("PUT", "/devices/device-1", "*", r#"{"status":"disabled"}"#)),
    ];
    for end in end {
        let mut bench = Bench::new();
        let link = with_will(&mut bench, "devices/device-1/messages/events/");
        end(&mut bench, link);
        let told = bench.events_of("telemetry");
        assert_eq!(told.len(), 1, "{:?}", bench.closed[&link]);
        assert_eq!(told[0]["properties"]["iothub-MessageType"], "Will");
    }
}

/// PROTOCOL 2.3, Will topic [D]
#[test]
fn a_module_has_a_will_of_its_own_form() {
    let mut bench = Bench::new();
    bench.register_module("device-1", "m");
    let topic = "devices/device-1/modules/m/messages/events/".to_owned();
    let hello = Hello { will: Some((topic, "gone".into())), ..bench.hello("device-1", Some("m")) };
    let (link, _) = bench.introduce(&hello);
    bench.drop_socket(link);
    assert_eq!(bench.events_of("telemetry")[0]["moduleId"], "m");
}

/// PROTOCOL 2.3, Other will topic [I]
#[test]
fn a_will_for_another_topic_is_ignored_and_connect_is_not_refused_for_it() {
    for topic in ["willMessage", "devices/other/messages/events/", "$iothub/twin/GET/?$rid=1"] {
        let mut bench = Bench::new();
        let link = with_will(&mut bench, topic);
        assert!(bench.events_of("connection")[0]["willIgnored"].is_string(), "{topic}");
        bench.drop_socket(link);
        assert!(bench.events_of("telemetry").is_empty(), "{topic}");
    }
}

/// PROTOCOL 2.3, One link per identity [D]
#[test]
fn an_accepted_connect_closes_the_old_link_of_the_same_identity_only() {
    let mut bench = Bench::new();
    for module in ["m1", "m2"] {
        bench.register_module("device-1", module);
    }
    let device = bench.connect("device-1");
    let modules: Vec<_> = ["m1", "m2"]
        .into_iter()
        .map(|module| {
            let hello = bench.hello("device-1", Some(module));
            bench.introduce(&hello).0
        })
        .collect();
    assert!(bench.closed.is_empty(), "a device and its modules are separate");
    let again = bench.hello("device-1", Some("m1"));
    bench.introduce(&again);
    assert_eq!(bench.reason(modules[0]), Some(Reason::TakenOver));
    assert!(bench.closed[&modules[0]].detail.contains("400027"));
    assert_eq!((bench.reason(device), bench.reason(modules[1])), (None, None));
}

/// PROTOCOL 2.3, One link per identity [D]
#[test]
fn a_refused_connect_closes_nobody() {
    let (mut bench, link) = connected();
    let bad = Hello { password: "wrong".into(), ..bench.hello("device-1", None) };
    refused(&mut bench, &bad, 5, Reason::MalformedToken);
    assert_eq!(bench.reason(link), None);
}
