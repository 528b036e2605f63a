//! What several chapters need: hubs with switches, one message and its event, twin requests, method calls.

use crate::support::{Bench, Hello, VERSION, json_of};
use iothub_hub::{HubConfig, LinkId, Reason, Request, Switches};
use iothub_protocol::packet::{Publish, write_publish};
use serde_json::Value;

pub(crate) const C2D: &str = "devices/device-1/messages/devicebound/#";
pub(crate) const EVENTS: &str = "devices/device-1/messages/events/";
pub(crate) const TWIN_ANSWERS: &str = "$iothub/twin/res/#";
pub(crate) const DESIRED: &str = "$iothub/twin/PATCH/properties/desired/#";
pub(crate) const METHODS: &str = "$iothub/methods/POST/#";
pub(crate) const MESSAGES: &str = "/local/devices/device-1/messages";

/// A hub with one or more switches thrown.
pub(crate) fn switched(set: impl FnOnce(&mut Switches)) -> Bench {
    let mut config = HubConfig::default();
    set(&mut config.switches);
    Bench::with(config)
}

/// A hub whose configuration was changed.
pub(crate) fn configured(set: impl FnOnce(&mut HubConfig)) -> Bench {
    let mut config = HubConfig::default();
    set(&mut config);
    Bench::with(config)
}

/// A hub with the first device connected and its events read.
pub(crate) fn connected() -> (Bench, LinkId) {
    let mut bench = Bench::new();
    let link = bench.connect("device-1");
    bench.events();
    (bench, link)
}

/// As `connected`, with subscriptions.
pub(crate) fn listening(filters: &[(&str, u8)]) -> (Bench, LinkId) {
    let (mut bench, link) = connected();
    bench.subscribed(link, filters);
    (bench, link)
}

/// The CONNACK code that a CONNECT gets; the hub has said why when it is not zero.
pub(crate) fn code(bench: &mut Bench, hello: &Hello) -> u8 {
    bench.introduce(hello).1.expect("a CONNACK").0
}

/// A CONNECT is refused with this code and this reason, and the link closes.
pub(crate) fn refused(bench: &mut Bench, hello: &Hello, want: u8, reason: Reason) {
    let (link, answer) = bench.introduce(hello);
    assert_eq!(answer, Some((want, false)), "{:?}", bench.closed.get(&link));
    assert_eq!(bench.reason(link), Some(reason));
}

/// Publishes telemetry with this bag and gives the event that came of it.
pub(crate) fn told(bench: &mut Bench, link: LinkId, bag: &str) -> Value {
    bench.publish(link, &format!("{EVENTS}{bag}"), b"x", 0, 0);
    let events = bench.events_of("telemetry");
    assert_eq!(events.len(), 1, "{bag}: {:?}", bench.closed.get(&link));
    events.into_iter().next().unwrap()
}

/// Publishes with RETAIN and DUP as wanted.
pub(crate) fn publish_flagged(
    bench: &mut Bench,
    link: LinkId,
    topic: &str,
    id: u16,
    dup: bool,
    retain: bool,
) {
    let mut bytes = Vec::new();
    write_publish(&mut bytes, topic, b"x", crate::support::qos_of(1), id, dup).unwrap();
    bytes[0] |= u8::from(retain);
    bench.feed(link, &bytes);
}

/// A twin request and its answer: topic and body (`null` when empty).
pub(crate) fn twin_request(bench: &mut Bench, link: LinkId, topic: &str, body: &str) -> (String, Value) {
    bench.publish(link, topic, body.as_bytes(), 0, 0);
    let answer = bench.take_publish(link);
    (answer.topic.clone(), body_of(&answer))
}

/// A reported patch with `$rid=r`, and its answer.
pub(crate) fn report(bench: &mut Bench, link: LinkId, patch: &str) -> (String, Value) {
    twin_request(bench, link, "$iothub/twin/PATCH/properties/reported/?$rid=r", patch)
}

pub(crate) fn body_of(publish: &Publish) -> Value {
    if publish.payload.is_empty() {
        return Value::Null;
    }
    serde_json::from_slice(&publish.payload).unwrap()
}

/// Invokes a method over REST; the answer is there at once only when it is an error.
pub(crate) fn invoke(bench: &mut Bench, body: &str) -> Option<(u16, Value)> {
    invoke_at(bench, "/twins/device-1/methods", body)
}

pub(crate) fn invoke_at(bench: &mut Bench, path: &str, body: &str) -> Option<(u16, Value)> {
    let token = bench.hub.policy_token("service", 60).unwrap();
    let headers = vec![("authorization".to_owned(), token.expose().to_owned())];
    let response = bench.request("POST", path, VERSION, headers, body)?;
    Some((response.status, json_of(&response)))
}

/// The device's answer to a method request.
pub(crate) fn answer(bench: &mut Bench, link: LinkId, request: &Publish, status: &str, body: &[u8]) {
    let rid = request.topic.split("$rid=").nth(1).unwrap();
    bench.publish(link, &format!("$iothub/methods/res/{status}/?$rid={rid}"), body, 0, 0);
}

/// The HTTP answer to the outcome of a method that came last.
pub(crate) fn outcome(bench: &mut Bench) -> (u16, String) {
    let outcome = bench.answers.pop().expect("an outcome");
    let response = bench.hub.method_response(&Request::default(), outcome);
    (response.status, String::from_utf8(response.body).unwrap())
}

/// The error name in a body of the old form.
pub(crate) fn old_name(error: &Value) -> &str {
    let message = error["Message"].as_str().unwrap_or("");
    message.strip_prefix("ErrorCode:").and_then(|rest| rest.split(';').next()).unwrap_or("")
}

/// The error number in a body of the new form.
pub(crate) fn new_number(error: &Value) -> u64 {
    let inner: Value = serde_json::from_str(error["Message"].as_str().unwrap()).unwrap();
    inner["errorCode"].as_u64().unwrap()
}

/// A C2D message that is a JSON body of `/local`; gives the topic it arrives under.
pub(crate) fn delivered(bench: &mut Bench, link: LinkId, message: &Value) -> Publish {
    let (status, said) = bench.local("POST", MESSAGES, &message.to_string());
    assert_eq!(status, 201, "{said}");
    bench.take_publish(link)
}

/// How many C2D messages wait for the first device.
pub(crate) fn waiting(bench: &mut Bench) -> usize {
    bench.local("GET", MESSAGES, "").1.as_array().unwrap().len()
}

/// The states of C2D messages told since the last look.
pub(crate) fn c2d_states(bench: &mut Bench) -> Vec<String> {
    bench.events_of("c2d").iter().map(|event| event["state"].as_str().unwrap().to_owned()).collect()
}
