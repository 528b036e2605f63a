//! PROTOCOL 3.1: a token's life on a live link.

use crate::helpers::{code, configured, refused, told};
use crate::support::{Bench, Hello, START_MS, token};
use iothub_hub::{FIRST_DEVICE_KEY, LinkId, Reason};
use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// A link whose token ends this many seconds after the start.
fn with_life(bench: &mut Bench, seconds: u64) -> LinkId {
    let password = token("localhost/devices/device-1", FIRST_DEVICE_KEY, START_MS / 1000 + seconds, None);
    let hello = Hello { password, keep_alive: 0, ..bench.hello("device-1", None) };
    let (link, answer) = bench.introduce(&hello);
    assert_eq!(answer.map(|(code, _)| code), Some(0));
    link
}

/// PROTOCOL 3.1, Expiry on a live link
#[test]
fn a_live_link_is_closed_without_a_packet_when_the_grace_after_se_has_passed() {
    for (grace_ms, life) in [(600_000, 660_000), (300_000, 360_000), (0, 60_000)] {
        let mut bench = configured(|config| config.sas_grace_ms = grace_ms);
        let link = with_life(&mut bench, 60);
        bench.pass(life - 1);
        assert_eq!(bench.reason(link), None, "{grace_ms}");
        bench.pass(1);
        assert_eq!(bench.reason(link), Some(Reason::TokenExpired), "{grace_ms}");
        assert!(bench.take(link).is_none());
    }
}

/// PROTOCOL 3.1, Expiry on a live link
#[test]
fn the_skew_at_connect_is_settable_down_to_zero() {
    for (skew_ms, ends, want) in [(0, 0, 5), (0, 1, 0)] {
        let mut bench = configured(|config| config.sas_skew_ms = skew_ms);
        let password = token("localhost/devices/device-1", FIRST_DEVICE_KEY, START_MS / 1000 + ends, None);
        let hello = Hello { password, ..bench.hello("device-1", None) };
        assert_eq!(code(&mut bench, &hello), want, "{ends}");
    }
}

/// PROTOCOL 3.1, Renewal over MQTT [S]
#[test]
fn a_new_token_comes_with_a_new_connect_and_lives_its_own_life() {
    let mut bench = Bench::new();
    let old = with_life(&mut bench, 60);
    bench.pass(50_000);
    let new = with_life(&mut bench, 3_600);
    assert_eq!(bench.reason(old), Some(Reason::TakenOver));
    bench.pass(1_000_000);
    assert_eq!(bench.reason(new), None);
    let expired = token("localhost/devices/device-1", FIRST_DEVICE_KEY, START_MS / 1000 + 60, None);
    let again = Hello { password: expired, ..bench.hello("device-1", None) };
    refused(&mut bench, &again, 5, Reason::TokenExpiredAtConnect);
}

/// PROTOCOL 3.1, Log [D]
#[test]
fn the_end_of_a_token_is_told_with_its_reason() {
    let mut bench = Bench::new();
    with_life(&mut bench, 60);
    bench.events();
    bench.pass(660_000);
    let told = bench.events_of("connection");
    assert_eq!((&told[0]["state"], &told[0]["reason"]), (&json!("disconnected"), &json!("token-expired")));
    assert!(told[0]["detail"].as_str().unwrap().contains("connect with a new one"));
}

/// PROTOCOL 3.1, Auth method [DI]
#[test]
fn each_message_carries_how_its_link_proved_itself() {
    let mut bench = Bench::new();
    bench.register_module("device-1", "m");
    let method = |event: &Value| -> Value {
        serde_json::from_str(event["systemProperties"]["iothub-connection-auth-method"].as_str().unwrap())
            .unwrap()
    };
    let policy = bench.hub.policy_token("device", 60).unwrap().expose().to_owned();
    let by_key = bench.hello("device-1", None);
    let by_policy = Hello { password: policy, ..by_key.clone() };
    for (hello, scope, kind) in [(by_key, "device", "symkey"), (by_policy, "hub", "sas")] {
        let (link, _) = bench.introduce(&hello);
        bench.events();
        let want = json!({"scope": scope, "type": kind, "issuer": "iothub", "acceptingIpFilterRule": null});
        assert_eq!(method(&told(&mut bench, link, "")), want);
    }
    let hello = bench.hello("device-1", Some("m"));
    let (link, _) = bench.introduce(&hello);
    bench.events();
    bench.publish(link, "devices/device-1/modules/m/messages/events/", b"", 0, 0);
    assert_eq!(method(&bench.events_of("telemetry")[0])["scope"], "module");
}
