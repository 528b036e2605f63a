//! What clients, service and clock do to a hub, in any order: it never panics, speaks MQTT, keeps its bounds.

use super::hub_bench::{self, HubBench};
use crate::input::Input;
use iothub_hub::LinkId;
use iothub_protocol::packet::{
    QoS, write_disconnect, write_pingreq, write_puback, write_publish, write_subscribe,
};

const FILTERS: &[&str] = &[
    "devices/device-1/messages/devicebound/#",
    "$iothub/twin/res/#",
    "$iothub/twin/PATCH/properties/desired/#",
    "$iothub/methods/POST/#",
    "devices/device-1/modules/m/inputs/#",
    "devices/device-2/messages/devicebound/#",
    "#",
];

const TOPICS: &[&str] = &[
    "devices/device-1/messages/events/",
    "devices/device-1/modules/m/messages/events/%24.on=o&",
    "$iothub/twin/GET/?$rid=1",
    "$iothub/twin/PATCH/properties/reported/?$rid=2",
    "$iothub/methods/res/200/?$rid=1",
    "$iothub/methods/res/",
    "devices/device-2/messages/events/$.ct=application%2Fjson&$.exp=",
    "",
];

const BODIES: &[&str] = &[r#"{"a":1}"#, r#"{"a":{"b":null}}"#, "", "{", "[1]", r#"{"$version":1}"#, "text"];

const CALLS: &[(&str, &str)] = &[
    ("POST", "/local/devices/device-1/messages"),
    ("POST", "/local/devices/device-1/methods"),
    ("PATCH", "/local/devices/device-1/twin"),
    ("PUT", "/local/devices/device-1/twin"),
    ("POST", "/local/faults"),
    ("DELETE", "/local/faults"),
    ("POST", "/local/clock"),
    ("DELETE", "/local/devices/device-1"),
    ("PUT", "/local/devices/device-1"),
    ("PUT", "/local/devices/device-2"),
    ("PUT", "/local/devices/device-1/modules/m"),
    ("POST", "/local/packets"),
    ("POST", "/local/reset"),
    ("GET", "/local/packets"),
    ("GET", "/local/log"),
    ("DELETE", "/local/devices/device-1/messages"),
];

const REQUESTS: &[&str] = &[
    r#"{"body":"x","ack":"full","messageId":"m"}"#,
    r#"{"body":"x","expiryTimeUtc":"2027-01-01T00:00:05Z"}"#,
    r#"{"methodName":"f","payload":null,"responseTimeoutInSeconds":5,"connectTimeoutInSeconds":5}"#,
    r#"{"properties":{"desired":{"a":{"b":1}}},"tags":{"t":1}}"#,
    r#"{"properties":{"desired":{"a":null}}}"#,
    r#"{"kind":"half-open"}"#,
    r#"{"kind":"duplicate","count":2}"#,
    r#"{"kind":"delay","ms":100}"#,
    r#"{"kind":"drop-puback","count":1}"#,
    r#"{"kind":"throttle","ms":10,"closeAfterMs":1000}"#,
    r#"{"kind":"refuse","code":3,"count":1}"#,
    r#"{"kind":"twin-error","code":429,"forMs":1000}"#,
    r#"{"kind":"restart"}"#,
    r#"{"advanceSeconds":3600}"#,
    r#"{"stopped":true}"#,
    r#"{"status":"disabled"}"#,
    "",
];

pub(crate) fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let mut bench = HubBench::new();
    let first = bench.open();
    // Most of the hub lies behind a CONNECT: one input in eight begins without.
    if input.byte() & 7 != 7 {
        bench.feed(first, &hub_bench::connect("device-1", None, input.flag(), None));
        subscribe(&mut bench, first, &FILTERS[..usize::from(input.byte() % 5)]);
    }
    while let Some(operation) = input.operation() {
        step(&mut bench, operation, &mut input);
    }
    bench.pass(600_000);
    bench.check();
}

fn step(bench: &mut HubBench, operation: u8, input: &mut Input<'_>) {
    let links = bench.open_links();
    let link = links.get(usize::from(operation >> 5) % links.len().max(1)).copied();
    match (operation & 15, link) {
        (0, _) if links.len() < 4 => {
            bench.open();
        }
        (1, _) => bench.pass(input.span()),
        (2 | 3, _) => {
            let (method, path) = *input.pick(CALLS);
            let body = input.text_like(REQUESTS);
            bench.request(method, path, body.as_bytes());
        }
        (4, Some(link)) => connect(bench, link, input),
        (5, Some(link)) => bench.feed(link, input.bytes()),
        (6, Some(link)) => bench.lose(link),
        (7, Some(link)) => bench.hub.handle_slow_reader(link, 1 << 23, bench.now),
        (8 | 9, Some(link)) => acknowledge(bench, link, input),
        (10, Some(link)) => {
            let filter = input.text_like(FILTERS);
            subscribe(bench, link, &[&filter]);
        }
        (11, Some(link)) => {
            let mut out = Vec::new();
            write_pingreq(&mut out);
            if input.flag() {
                write_disconnect(&mut out);
            }
            bench.feed(link, &out);
        }
        (_, Some(link)) => publish(bench, link, input),
        (_, None) => {
            bench.open();
        }
    }
    bench.drain();
}

fn connect(bench: &mut HubBench, link: LinkId, input: &mut Input<'_>) {
    let choice = input.byte();
    let (device, module) =
        [("device-1", None), ("device-2", None), ("device-1", Some("m"))][usize::from(choice % 3)];
    let will = (choice & 64 > 0).then(|| (input.text_like(TOPICS), input.bytes().to_vec()));
    bench.feed(link, &hub_bench::connect(device, module, choice & 128 > 0, will));
}

fn subscribe(bench: &mut HubBench, link: LinkId, filters: &[&str]) {
    let filters: Vec<_> = filters.iter().map(|filter| ((*filter).to_owned(), QoS::AtLeastOnce)).collect();
    let mut out = Vec::new();
    if !filters.is_empty() && write_subscribe(&mut out, 9, &filters).is_ok() {
        bench.feed(link, &out);
    }
}

fn acknowledge(bench: &mut HubBench, link: LinkId, input: &mut Input<'_>) {
    let id = u16::from(input.byte());
    bench.acknowledged(link, id);
    let mut out = Vec::new();
    write_puback(&mut out, id);
    bench.feed(link, &out);
}

fn publish(bench: &mut HubBench, link: LinkId, input: &mut Input<'_>) {
    let choice = input.byte();
    let topic = input.text_like(TOPICS);
    let body = input.text_like(BODIES);
    let qos =
        [QoS::AtLeastOnce, QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce][usize::from(choice & 3)];
    let mut out = Vec::new();
    if write_publish(&mut out, &topic, body.as_bytes(), qos, u16::from(choice), choice & 64 > 0).is_ok() {
        bench.feed(link, &out);
    }
}
