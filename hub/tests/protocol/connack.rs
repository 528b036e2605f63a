//! PROTOCOL 2.4: the return codes of CONNACK.

use crate::helpers::{EVENTS, code, configured, refused, switched};
use crate::support::{Bench, Hello, START_MS, token};
use iothub_hub::{FIRST_DEVICE_KEY, Reason, SERVICE_KEY, Tier};
use serde_json::json;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const SECOND: u64 = START_MS / 1000;
const SR: &str = "localhost%2Fdevices%2Fdevice-1";

/// What is wrong with a CONNECT, and the reason the hub tells.
fn wrong_ones(good: &Hello) -> Vec<(Hello, Reason)> {
    let with = |password: String| Hello { password, ..good.clone() };
    let renamed = |client_id: &str, user_name: &str| Hello {
        client_id: client_id.into(),
        user_name: user_name.into(),
        ..good.clone()
    };
    vec![
        (with("no token".into()), Reason::MalformedToken),
        (with(token(SR, FIRST_DEVICE_KEY, SECOND - 301, None)), Reason::TokenExpiredAtConnect),
        (with(token(SR, SERVICE_KEY, SECOND + 60, None)), Reason::TokenSignature),
        (
            with(token("localhost%2Fdevices%2Fother", FIRST_DEVICE_KEY, SECOND + 60, None)),
            Reason::TokenAudience,
        ),
        (with(String::new()), Reason::PasswordMissing),
        (renamed("nobody", "localhost/nobody/"), Reason::UnknownDevice),
        (renamed("random", "localhost/device-1/"), Reason::ClientIdMismatch),
        (renamed("device-1", "else.net/device-1/"), Reason::HostMismatch),
        (renamed("device-1", "device-1"), Reason::BadUserName),
    ]
}

/// PROTOCOL 2.4, 0
#[test]
fn code_0_accepts() {
    let mut bench = Bench::new();
    let hello = bench.hello("device-1", None);
    let (link, answer) = bench.introduce(&hello);
    assert_eq!((answer, bench.reason(link)), (Some((0, false)), None));
    assert_eq!(bench.frames[&link], [vec![0x20, 2, 0, 0]]);
}

/// PROTOCOL 2.4, 1 [?]
#[test]
fn code_1_is_for_a_protocol_level_that_is_not_4() {
    for (name, level) in [("MQTT", 3_u8), ("MQTT", 5), ("MQIsdp", 3)] {
        let mut bench = Bench::new();
        let link = bench.open();
        let mut body = vec![0, u8::try_from(name.len()).unwrap()];
        body.extend_from_slice(name.as_bytes());
        body.extend_from_slice(&[level, 2, 0, 60, 0, 1, b'd']);
        let mut bytes = vec![0x10, u8::try_from(body.len()).unwrap()];
        bytes.extend_from_slice(&body);
        bench.feed(link, &bytes);
        assert_eq!(bench.frames[&link], [vec![0x20, 2, 0, 1]], "{name} {level}");
        assert_eq!(bench.reason(link), Some(Reason::ProtocolLevel));
    }
}

/// PROTOCOL 2.4, 3 [EI]
#[test]
fn code_3_is_for_a_device_that_was_disabled_before() {
    for (want, as_5) in [(3, false), (5, true)] {
        let mut bench = switched(|switches| switches.disabled_is_refused = as_5);
        bench.call_if("PUT", "/devices/device-1", "*", r#"{"status":"disabled"}"#);
        let hello = bench.hello("device-1", None);
        refused(&mut bench, &hello, want, Reason::DeviceDisabled);
        let bad = Hello { password: token(SR, SERVICE_KEY, SECOND + 60, None), ..hello };
        refused(&mut bench, &bad, 5, Reason::TokenSignature);
    }
}

/// PROTOCOL 2.4, 5 [I]
/// PROTOCOL 2.4, 2
/// PROTOCOL 2.4, 4 [S]
#[test]
fn code_5_is_for_everything_else_and_2_and_4_are_never_given() {
    let mut bench = Bench::new();
    let good = bench.hello("device-1", None);
    for (hello, reason) in wrong_ones(&good) {
        refused(&mut bench, &hello, 5, reason);
    }
    let odd = Hello { client_id: String::new(), clean: true, ..good };
    refused(&mut bench, &odd, 5, Reason::ClientIdMismatch);
}

/// PROTOCOL 2.4, After a refusal
#[test]
fn the_link_is_closed_after_every_refusal_and_the_reason_is_told() {
    let mut bench = Bench::new();
    let good = bench.hello("device-1", None);
    for (hello, reason) in wrong_ones(&good) {
        bench.events();
        let (link, answer) = bench.introduce(&hello);
        assert_eq!(answer, Some((5, false)));
        assert_eq!(bench.reason(link), Some(reason));
        let told = bench.events_of("refused");
        assert_eq!((&told[0]["reason"], &told[0]["connack"]), (&json!(reason.code()), &json!(5)));
        bench.ping(link);
        assert!(bench.take(link).is_none(), "nobody is there any more");
    }
    assert_eq!(code(&mut bench, &good), 0, "a refusal leaves nothing behind");
}

/// PROTOCOL 2.4, Daily quota [I]
#[test]
fn a_used_up_day_cuts_links_that_were_accepted() {
    let mut bench = configured(|config| config.tier = Some(Tier::F1));
    let link = bench.connect("device-1");
    // A day of the free tier is 8000 times half a kilobyte, and at most a hundred messages come in a second.
    for _ in 0..1_000 {
        bench.publish(link, EVENTS, &[b'x'; 4096], 0, 0);
        bench.pass(10);
    }
    assert_eq!(bench.reason(link), None);
    bench.publish(link, EVENTS, b"x", 0, 0);
    assert_eq!(bench.reason(link), Some(Reason::QuotaExceeded));
    let link = bench.connect("device-1");
    bench.publish(link, EVENTS, b"x", 0, 0);
    assert_eq!(bench.reason(link), Some(Reason::QuotaExceeded), "until midnight");
    bench.pass(86_400_000);
    let link = bench.connect("device-1");
    bench.publish(link, EVENTS, b"x", 0, 0);
    assert_eq!(bench.reason(link), None);
}
