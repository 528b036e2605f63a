//! Direct methods. PROTOCOL 10.

use crate::support::{Bench, VERSION, json_of};
use iothub_hub::{LinkId, Reason, Request};
use iothub_protocol::packet::{Packet, Publish};
use iothub_protocol::service_error::ErrorCode;
use serde_json::{Value, json};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const FILTER: &str = "$iothub/methods/POST/#";

fn listening(bench: &mut Bench) -> LinkId {
    let link = bench.connect("device-1");
    bench.subscribed(link, &[(FILTER, 0)]);
    link
}

/// Invokes; the answer is there at once only when it is an error.
fn invoke(bench: &mut Bench, body: &str) -> Option<(u16, Value)> {
    let token = bench.hub.policy_token("service", 60).unwrap();
    let headers = vec![("authorization".to_owned(), token.expose().to_owned())];
    let response = bench.request("POST", "/twins/device-1/methods", VERSION, headers, body)?;
    Some((response.status, json_of(&response)))
}

fn answer(bench: &mut Bench, link: LinkId, request: &Publish, status: &str, body: &[u8]) {
    let rid = request.topic.split("$rid=").nth(1).unwrap();
    bench.publish(link, &format!("$iothub/methods/res/{status}/?$rid={rid}"), body, 0, 0);
}

/// The HTTP answer to the outcome that came.
fn outcome(bench: &mut Bench) -> (u16, Vec<u8>) {
    let outcome = bench.answers.pop().expect("an outcome");
    let response = bench.hub.method_response(&Request::default(), outcome);
    (response.status, response.body)
}

#[test]
fn the_payload_goes_down_raw_and_the_answer_comes_up_raw() {
    let mut bench = Bench::new();
    let link = listening(&mut bench);
    assert!(
        invoke(
            &mut bench,
            r#"{"methodName":"doIt","payload":{"b" : 1.50,"a":[ ]},"responseTimeoutInSeconds":30}"#
        )
        .is_none()
    );
    let request = bench.take_publish(link);
    assert_eq!(request.topic, "$iothub/methods/POST/doIt/?$rid=1");
    assert_eq!(&request.payload[..], br#"{"b" : 1.50,"a":[ ]}"#);
    answer(&mut bench, link, &request, "207", b"{ \"ok\":true }");
    assert_eq!(outcome(&mut bench), (200, b"{\"status\":207,\"payload\":{ \"ok\":true }}".to_vec()));
}

#[test]
fn an_absent_payload_is_empty_and_null_is_null() {
    // PROTOCOL 10 "Request body to device", trap 10.
    let mut bench = Bench::new();
    let link = listening(&mut bench);
    for (body, sent) in
        [(r#"{"methodName":"m"}"#, &b""[..]), (r#"{"methodName":"m","payload":null}"#, b"null")]
    {
        invoke(&mut bench, body);
        assert_eq!(&bench.take_publish(link).payload[..], sent);
    }
}

#[test]
fn an_empty_answer_is_null_and_text_is_passed_on_unparsed() {
    // PROTOCOL 10 "Answer body", "Non-JSON answer", trap 9.
    let mut bench = Bench::new();
    let link = listening(&mut bench);
    for (body, want) in
        [(&b""[..], "{\"status\":200,\"payload\":null}"), (b"plain", "{\"status\":200,\"payload\":plain}")]
    {
        invoke(&mut bench, r#"{"methodName":"m"}"#);
        let request = bench.take_publish(link);
        answer(&mut bench, link, &request, "200", body);
        assert_eq!(outcome(&mut bench), (200, want.as_bytes().to_vec()));
    }
}

#[test]
fn an_offline_device_is_404103_at_once() {
    // PROTOCOL 10 "connectTimeoutInSeconds", "Device connected but not subscribed"; 14.3: the new form.
    let mut bench = Bench::new();
    let inner = |answer: &Value| serde_json::from_str::<Value>(answer["Message"].as_str().unwrap()).unwrap();
    let (status, body) = invoke(&mut bench, r#"{"methodName":"m"}"#).unwrap();
    assert_eq!((status, &inner(&body)["errorCode"]), (404, &json!(404_103)));
    bench.connect("device-1");
    let (status, body) = invoke(&mut bench, r#"{"methodName":"m"}"#).unwrap();
    assert_eq!((status, &inner(&body)["errorCode"]), (404, &json!(404_103)));
}

#[test]
fn the_hub_waits_for_the_device_to_connect_and_subscribe() {
    let mut bench = Bench::new();
    let body = r#"{"methodName":"m","connectTimeoutInSeconds":10}"#;
    assert!(invoke(&mut bench, body).is_none());
    bench.pass(5_000);
    let link = bench.connect("device-1");
    assert!(bench.take(link).is_none());
    bench.subscribed(link, &[(FILTER, 0)]);
    let request = bench.take_publish(link);
    answer(&mut bench, link, &request, "200", b"1");
    assert_eq!(outcome(&mut bench).0, 200);
    bench.drop_socket(link);
    assert!(invoke(&mut bench, body).is_none());
    bench.pass(9_999);
    assert!(bench.answers.is_empty());
    bench.pass(1);
    assert_eq!(outcome(&mut bench).0, 404);
}

#[test]
fn a_kept_session_gets_waiting_calls_right_after_connack() {
    let mut bench = Bench::new();
    let link = listening(&mut bench);
    bench.drop_socket(link);
    invoke(&mut bench, r#"{"methodName":"m","connectTimeoutInSeconds":10}"#);
    let link = bench.connect("device-1");
    assert!(bench.take_publish(link).topic.starts_with("$iothub/methods/POST/m/"));
}

#[test]
fn silence_is_504101_and_a_late_answer_is_ignored() {
    // PROTOCOL 10 "Late or unknown $rid".
    let mut bench = Bench::new();
    let link = listening(&mut bench);
    invoke(&mut bench, r#"{"methodName":"m","responseTimeoutInSeconds":5}"#);
    let request = bench.take_publish(link);
    bench.pass(4_999);
    assert!(bench.answers.is_empty());
    bench.pass(1);
    assert_eq!(bench.answers[0].as_ref().unwrap_err().code, ErrorCode::GatewayTimeout);
    assert_eq!(outcome(&mut bench).0, 504);
    answer(&mut bench, link, &request, "200", b"");
    bench.publish(link, "$iothub/methods/res/200/?$rid=not-a-number", b"", 0, 0);
    assert!(bench.answers.is_empty());
    assert_eq!(bench.reason(link), None);
}

#[test]
fn another_device_can_not_answer() {
    let mut bench = Bench::new();
    let link = listening(&mut bench);
    bench.register("other");
    let stranger = bench.connect("other");
    invoke(&mut bench, r#"{"methodName":"m"}"#);
    let request = bench.take_publish(link);
    answer(&mut bench, stranger, &request, "200", b"");
    assert!(bench.answers.is_empty());
}

#[test]
fn bad_calls_are_400() {
    let mut bench = Bench::new();
    listening(&mut bench);
    for body in [
        r#"{"methodName":"a b"}"#,
        r#"{"methodName":""}"#,
        r#"{"methodName":"a/b"}"#,
        r#"{"payload":1}"#,
        r#"{"methodName":"m","responseTimeoutInSeconds":4}"#,
        r#"{"methodName":"m","responseTimeoutInSeconds":301}"#,
        r#"{"methodName":"m","connectTimeoutInSeconds":301}"#,
        r#"{"methodName":"m","responseTimeoutInSeconds":"x"}"#,
        "no json",
    ] {
        assert_eq!(invoke(&mut bench, body).map(|a| a.0), Some(400), "{body}");
    }
    let big = format!("{{\"methodName\":\"m\",\"payload\":\"{}\"}}", "x".repeat(128 * 1024));
    assert_eq!(invoke(&mut bench, &big).map(|a| a.0), Some(413));
    assert!(invoke(&mut bench, r#"{"methodName":"component*command"}"#).is_none());
}

#[test]
fn a_hundred_calls_wait_and_the_next_is_403800() {
    let mut bench = Bench::new();
    listening(&mut bench);
    for _ in 0..100 {
        assert!(invoke(&mut bench, r#"{"methodName":"m"}"#).is_none());
    }
    assert_eq!(invoke(&mut bench, r#"{"methodName":"m"}"#).map(|a| a.0), Some(403));
}

#[test]
fn only_the_text_of_the_request_id_is_its_answer() {
    // PROTOCOL 5: opaque text, echoed untouched. Another spelling of the number is another id.
    let mut bench = Bench::new();
    let link = listening(&mut bench);
    for _ in 0..10 {
        assert!(invoke(&mut bench, r#"{"methodName":"m"}"#).is_none());
    }
    let request = std::iter::from_fn(|| bench.take(link)).last();
    assert!(matches!(&request, Some(Packet::Publish(p)) if p.topic.ends_with("$rid=a")), "{request:?}");
    for wrong in ["A", "0a", "00000a", "0xa", "a ", "%61", "b", "-1", "99999999999999999999999"] {
        bench.publish(link, &format!("$iothub/methods/res/200/?$rid={wrong}"), b"1", 0, 0);
        assert_eq!((bench.reason(link), bench.answers.len()), (None, 0), "{wrong}");
    }
    bench.publish(link, "$iothub/methods/res/200/?$rid=a", b"1", 0, 0);
    assert_eq!(outcome(&mut bench).0, 200);
    for (topic, reason) in [
        ("$iothub/methods/res/200/$rid=1", Reason::UnknownTopic),
        ("$iothub/methods/res/200/&$rid=1", Reason::UnknownTopic),
        ("$iothub/methods/res/2e2/?$rid=1", Reason::UnknownTopic),
        ("$iothub/twin/GET/$rid=1", Reason::UnknownTopic),
        ("$iothub/methods/res/+200/?$rid=1", Reason::MalformedPacket),
    ] {
        let link = listening(&mut bench);
        bench.publish(link, topic, b"1", 0, 0);
        assert_eq!((bench.reason(link), bench.answers.len()), (Some(reason), 0), "{topic}");
    }
}

#[test]
fn an_import_that_replaces_the_device_ends_its_calls() {
    let mut bench = Bench::new();
    let _ = listening(&mut bench);
    assert!(invoke(&mut bench, r#"{"methodName":"m","responseTimeoutInSeconds":300}"#).is_none());
    let export = bench.local("GET", "/local/export", "").1.to_string();
    assert_eq!(bench.local("POST", "/local/import", &export).0, 200);
    assert_eq!(outcome(&mut bench).0, 404);
}
