//! Twin patches: the device's reader agrees with serde_json, a merge keeps the rules, the hub takes what is legal.
//! An input is a text of lines, each a patch on top of what the ones before have made.

use super::hub_bench::{self, HubBench};
use crate::input::text_of;
use iothub_protocol::json::Json;
use iothub_protocol::packet::{Packet, QoS, write_publish, write_subscribe};
use iothub_protocol::topic::HubTopic;
use iothub_protocol::twin::{self, Object, Rules, Section};
use serde_json::Value;

/// Lines of an input that are played.
const LINES: usize = 6;

pub(crate) fn run(data: &[u8]) {
    let text = text_of(data);
    let mut bench = HubBench::new();
    let link = bench.open();
    bench.feed(link, &hub_bench::connect("device-1", None, true, None));
    let mut out = Vec::new();
    write_subscribe(&mut out, 1, &[("$iothub/twin/res/#".to_owned(), QoS::AtMostOnce)])
        .expect("the filter is short");
    bench.feed(link, &out);
    let mut twin = Object::new();
    for line in text.split('\n').take(LINES) {
        same_json(line);
        let taken = merged(&twin, line);
        let status = report(&mut bench, link, line);
        assert_eq!(status == Some(204), taken.is_some(), "{line}: {status:?}");
        if let Some(next) = taken {
            twin = next;
        }
    }
    let answer = bench.local("GET", "/local/devices/device-1/twin", b"");
    let mut reported = answer["properties"]["reported"].as_object().cloned().unwrap_or_default();
    reported.retain(|name, _| !name.starts_with('$'));
    assert_eq!(reported, twin, "the hub has what the patches make");
    bench.check();
}

/// The device reads JSON with a reader of its own.
fn same_json(line: &str) {
    let (theirs, ours) = (serde_json::from_str::<Value>(line), Json::parse(line));
    match (theirs, ours) {
        (Ok(theirs), Ok(Json::Object(ours))) => {
            let again: Value = serde_json::from_str(&ours.to_text()).expect("what is written is JSON");
            assert_eq!(again, theirs, "{line}");
            assert_eq!(Json::parse(&ours.to_text()), Ok(Json::Object(ours)), "{line}");
        }
        (Ok(_), Err(_)) => assert!(depth(line) > 60, "{line}: serde_json reads it"),
        // A number too large for a double is none to serde_json, and stays text here.
        (Err(error), Ok(_)) => assert!(error.to_string().contains("number out of range"), "{line}: {error}"),
        _ => {}
    }
}

fn depth(line: &str) -> usize {
    line.bytes().filter(|byte| matches!(byte, b'[' | b'{')).count()
}

/// The twin with the patch, when the rules allow it.
fn merged(twin: &Object, line: &str) -> Option<Object> {
    let patch = serde_json::from_str::<Value>(line).ok()?;
    let checked = twin::checked(&patch, Rules::TODAY).ok()?;
    let mut next = twin.clone();
    twin::merge(&mut next, checked);
    let whole = Value::Object(next.clone());
    assert!(!has_null(&whole), "null deletes: {whole}");
    twin::checked(&whole, Rules::TODAY).expect("legal patches make a legal section");
    let mut twice = next.clone();
    twin::merge(&mut twice, checked);
    assert_eq!(twice, next, "a patch twice is a patch once: {line}");
    twin::check_size(Section::Reported, &next, Rules::TODAY).ok()?;
    Some(next)
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(fields) => fields.values().any(has_null),
        Value::Array(items) => items.iter().any(has_null),
        _ => false,
    }
}

/// Sends the patch as a device does; gives the status of the answer.
fn report(bench: &mut HubBench, link: iothub_hub::LinkId, line: &str) -> Option<u16> {
    let mut out = Vec::new();
    let topic = "$iothub/twin/PATCH/properties/reported/?$rid=1";
    write_publish(&mut out, topic, line.as_bytes(), QoS::AtMostOnce, 0, false).expect("the topic is short");
    bench.received.clear();
    bench.feed(link, &out);
    bench.received.iter().find_map(|(_, packet)| match packet {
        Packet::Publish(publish) => match HubTopic::parse(&publish.topic) {
            Some(HubTopic::TwinAnswer { status, .. }) => Some(status),
            _ => None,
        },
        _ => None,
    })
}
