//! PROTOCOL 10: direct methods.

use crate::helpers::{METHODS, answer, connected, invoke, listening, new_number, outcome};
use crate::support::Bench;
use iothub_hub::LinkId;
use iothub_protocol::packet::QoS;
use serde_json::json;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Invokes, lets the device answer, and gives what the service gets.
fn round_trip(bench: &mut Bench, link: LinkId, status: &str, body: &[u8]) -> (u16, String) {
    assert!(invoke(bench, r#"{"methodName":"m"}"#).is_none());
    let request = bench.take_publish(link);
    answer(bench, link, &request, status, body);
    outcome(bench)
}

fn hub() -> (Bench, LinkId) {
    listening(&[(METHODS, 0)])
}

/// PROTOCOL 10, Request size / answer size [D]
#[test]
fn request_and_answer_have_128_kb_each() {
    let (mut bench, link) = hub();
    let call = |bytes: usize| format!("{{\"methodName\":\"m\",\"payload\":\"{}\"}}", "x".repeat(bytes - 2));
    assert!(invoke(&mut bench, &call(131_072)).is_none());
    let request = bench.take_publish(link);
    assert_eq!(request.payload.len(), 131_072);
    answer(&mut bench, link, &request, "200", &[b'1'; 131_072]);
    assert_eq!(outcome(&mut bench).0, 200);
    assert_eq!(invoke(&mut bench, &call(131_073)).map(|(status, _)| status), Some(413));
    assert_eq!(round_trip(&mut bench, link, "200", &[b'1'; 131_073]).0, 413);
    assert_eq!(bench.reason(link), None);
}

/// PROTOCOL 10, Name [D?]
#[test]
fn a_name_is_printable_ascii_without_the_listed_marks_and_keeps_its_case() {
    let (mut bench, link) = hub();
    for good in ["doIt", "DOIT", "a.b-c_d", "c*d", "!%&'^`|~", &"n".repeat(100)] {
        let body = json!({"methodName": good}).to_string();
        assert!(invoke(&mut bench, &body).is_none(), "{good}");
        assert!(bench.take_publish(link).topic.starts_with(&format!("$iothub/methods/POST/{good}/?$rid=")));
    }
    // The last two are wildcards, which the topic of a request can't hold.
    for bad in "$()<>@,;:\\\"/[]?={} \t\u{7f}ä+#".chars() {
        let body = json!({"methodName": format!("a{bad}b")}).to_string();
        let (status, error) = invoke(&mut bench, &body).expect("an error");
        assert_eq!((status, new_number(&error)), (400, 400_004), "{bad:?}");
    }
    assert_eq!(invoke(&mut bench, r#"{"methodName":""}"#).map(|(status, _)| status), Some(400));
    let long = json!({"methodName": "n".repeat(65_500)}).to_string();
    let (status, error) = invoke(&mut bench, &long).expect("an error");
    assert_eq!((status, new_number(&error)), (400, 400_004), "its topic would be too long");
    assert!(error.to_string().len() < 1_000, "{error}");
}

/// PROTOCOL 10, responseTimeoutInSeconds [DE]
#[test]
fn the_answer_is_waited_for_5_to_300_seconds_and_30_by_default() {
    let (mut bench, _) = hub();
    bench.local("POST", "/local/clock", r#"{"stopped":true}"#);
    for (field, seconds) in
        [("", 30), (",\"responseTimeoutInSeconds\":5", 5), (",\"responseTimeoutInSeconds\":300", 300)]
    {
        assert!(invoke(&mut bench, &format!("{{\"methodName\":\"m\"{field}}}")).is_none());
        bench.pass(seconds * 1_000 - 1);
        assert!(bench.answers.is_empty(), "{seconds}");
        bench.pass(1);
        assert_eq!(outcome(&mut bench).0, 504, "{seconds}");
    }
    for bad in ["4", "301", "0", "-1", "5.5", "\"30\""] {
        let body = format!("{{\"methodName\":\"m\",\"responseTimeoutInSeconds\":{bad}}}");
        assert_eq!(invoke(&mut bench, &body).map(|(status, _)| status), Some(400), "{bad}");
    }
}

/// PROTOCOL 10, connectTimeoutInSeconds [D]
#[test]
fn an_offline_device_fails_at_once_or_is_waited_for_until_it_subscribes() {
    let mut bench = Bench::new();
    assert_eq!(invoke(&mut bench, r#"{"methodName":"m"}"#).map(|(status, _)| status), Some(404));
    let body = r#"{"methodName":"m","connectTimeoutInSeconds":300,"responseTimeoutInSeconds":5}"#;
    assert!(invoke(&mut bench, body).is_none());
    bench.pass(299_000);
    let link = bench.connect("device-1");
    assert!(bench.take(link).is_none(), "connected is not enough");
    bench.pass(999);
    bench.subscribed(link, &[(METHODS, 0)]);
    let request = bench.take_publish(link);
    bench.pass(4_999);
    answer(&mut bench, link, &request, "200", b"1");
    assert_eq!(outcome(&mut bench).0, 200, "the answer has its own time");
    bench.drop_socket(link);
    assert!(invoke(&mut bench, r#"{"methodName":"m","connectTimeoutInSeconds":10}"#).is_none());
    bench.pass(9_999);
    assert!(bench.answers.is_empty());
    bench.pass(1);
    let (status, body) = outcome(&mut bench);
    assert_eq!((status, new_number(&serde_json::from_str(&body).unwrap())), (404, 404_103));
    for bad in ["301", "-1"] {
        let body = format!("{{\"methodName\":\"m\",\"connectTimeoutInSeconds\":{bad}}}");
        assert_eq!(invoke(&mut bench, &body).map(|(status, _)| status), Some(400), "{bad}");
    }
}

/// PROTOCOL 10, Delivery [D]
#[test]
fn a_request_is_sent_at_most_once_and_never_queued() {
    let (mut bench, link) = hub();
    assert!(invoke(&mut bench, r#"{"methodName":"m","connectTimeoutInSeconds":100}"#).is_none());
    assert_eq!(bench.take_publish(link).qos, QoS::AtMostOnce);
    bench.drop_socket(link);
    let link = bench.connect("device-1");
    assert!(bench.take(link).is_none(), "what was sent once is not sent again");
    bench.drop_socket(link);
    invoke(&mut bench, r#"{"methodName":"m"}"#).expect("404 at once");
    let link = bench.connect("device-1");
    assert!(bench.take(link).is_none());
}

/// PROTOCOL 10, Request body to device [EIX]
#[test]
fn the_payload_goes_down_as_the_text_that_it_was() {
    let (mut bench, link) = hub();
    for (field, sent) in [
        ("", ""),
        (",\"payload\":null", "null"),
        (",\"payload\":{ \"b\" : 1.50, \"a\":[ ] }", "{ \"b\" : 1.50, \"a\":[ ] }"),
        (",\"payload\":\"text\"", "\"text\""),
        (",\"payload\":12345678901234567890123", "12345678901234567890123"),
    ] {
        assert!(invoke(&mut bench, &format!("{{\"methodName\":\"m\"{field}}}")).is_none());
        assert_eq!(&bench.take_publish(link).payload[..], sent.as_bytes(), "{field}");
    }
}

/// PROTOCOL 10, Answer status [ES]
#[test]
fn the_status_is_an_integer_and_anything_else_is_no_topic() {
    let (mut bench, link) = hub();
    for status in ["200", "0", "-1", "404", "2147483647"] {
        let want = format!("{{\"status\":{status},\"payload\":1}}");
        assert_eq!(round_trip(&mut bench, link, status, b"1"), (200, want));
    }
    for bad in ["ok", "2.5", "", "99999999999"] {
        let (mut bench, link) = hub();
        invoke(&mut bench, r#"{"methodName":"m"}"#);
        let request = bench.take_publish(link);
        answer(&mut bench, link, &request, bad, b"1");
        assert_eq!(bench.reason(link), Some(iothub_hub::Reason::UnknownTopic), "{bad}");
    }
}

/// PROTOCOL 10, Answer body [EI]
/// PROTOCOL 10, Non-JSON answer [I]
#[test]
fn the_answer_is_copied_unparsed_and_an_empty_one_is_null() {
    let (mut bench, link) = hub();
    for (body, payload) in
        [("{ \"ok\" : true }", "{ \"ok\" : true }"), ("", "null"), ("plain text", "plain text")]
    {
        let want = format!("{{\"status\":200,\"payload\":{payload}}}");
        assert_eq!(round_trip(&mut bench, link, "200", body.as_bytes()), (200, want));
    }
}

/// PROTOCOL 10, Late or unknown $rid [E]
#[test]
fn an_answer_that_is_late_unknown_twice_or_from_another_device_is_ignored() {
    let (mut bench, link) = hub();
    bench.register("other");
    let stranger = bench.connect("other");
    invoke(&mut bench, r#"{"methodName":"m","responseTimeoutInSeconds":5}"#);
    let request = bench.take_publish(link);
    answer(&mut bench, stranger, &request, "200", b"1");
    assert!(bench.answers.is_empty());
    bench.pass(5_000);
    assert_eq!(outcome(&mut bench).0, 504);
    answer(&mut bench, link, &request, "200", b"1");
    for rid in ["ffff", "not-hex", "-1", "99999999999999999999"] {
        bench.publish(link, &format!("$iothub/methods/res/200/?$rid={rid}"), b"1", 0, 0);
    }
    assert!(bench.answers.is_empty());
    assert_eq!(round_trip(&mut bench, link, "200", b"1").0, 200);
    assert_eq!((bench.reason(link), bench.reason(stranger)), (None, None));
}

/// PROTOCOL 10, Device connected but not subscribed [I]
#[test]
fn connected_but_not_subscribed_is_offline() {
    let (mut bench, link) = connected();
    let (status, error) = invoke(&mut bench, r#"{"methodName":"m"}"#).unwrap();
    assert_eq!((status, new_number(&error)), (404, 404_103));
    assert!(bench.take(link).is_none());
}

/// PROTOCOL 10, In-flight cap [D]
#[test]
fn over_the_cap_is_403800() {
    let (mut bench, link) = hub();
    for _ in 0..100 {
        assert!(invoke(&mut bench, r#"{"methodName":"m"}"#).is_none());
    }
    let (status, error) = invoke(&mut bench, r#"{"methodName":"m"}"#).unwrap();
    assert_eq!((status, new_number(&error)), (403, 403_800));
    let request = bench.take_publish(link);
    answer(&mut bench, link, &request, "200", b"1");
    assert!(invoke(&mut bench, r#"{"methodName":"m"}"#).is_none(), "an answer makes room");
}

/// PROTOCOL 10, Service answers
#[test]
fn the_service_gets_200_404_504_400_or_the_codes_of_their_numbers() {
    let (mut bench, link) = hub();
    assert_eq!(
        round_trip(&mut bench, link, "500", b"{}"),
        (200, r#"{"status":500,"payload":{}}"#.to_owned())
    );
    let unknown = crate::helpers::invoke_at(&mut bench, "/twins/nobody/methods", r#"{"methodName":"m"}"#);
    let (status, error) = unknown.unwrap();
    assert_eq!((status, new_number(&error)), (404, 404_001));
    let unknown =
        crate::helpers::invoke_at(&mut bench, "/twins/device-1/modules/x/methods", r#"{"methodName":"m"}"#);
    assert_eq!(new_number(&unknown.unwrap().1), 404_010);
    for (bad, number) in
        [("no json", 400_012), ("[]", 400_012), ("{}", 400_004), (r#"{"methodName":1}"#, 400_004)]
    {
        let (status, error) = invoke(&mut bench, bad).unwrap();
        assert_eq!((status, new_number(&error)), (400, number), "{bad}");
    }
    assert!(invoke(&mut bench, r#"{"methodName":"m","responseTimeoutInSeconds":5}"#).is_none());
    bench.take_publish(link);
    bench.pass(5_000);
    let (status, body) = outcome(&mut bench);
    assert_eq!((status, new_number(&serde_json::from_str(&body).unwrap())), (504, 504_101));
}
