//! What the hub keeps of the past has a bound, whatever it is made of. Measured in the memory of the process, so
//! this is a program of its own with one test; a client may fill the rings before it has proved anything.
#![cfg(not(target_arch = "wasm32"))]
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test that meets none stops there, and says where")]

#[path = "../behaviour/support.rs"]
#[allow(dead_code, reason = "the tests of behaviour use the rest")]
mod support;

use iothub_hub::HubConfig;
use iothub_protocol::packet::Packet;
use serde_json::{Map, Value, json};
use support::{Bench, Hello};

/// Kilobytes of the process that are in memory.
fn resident_kb() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse().unwrap()
}

/// Answers every method that came with this payload.
fn answer(bench: &mut Bench, link: iothub_hub::LinkId, payload: &[u8]) {
    while let Some(packet) = bench.take(link) {
        let Packet::Publish(request) = packet else { continue };
        let rid = request.topic.split_once("$rid=").unwrap().1.to_owned();
        bench.publish(link, &format!("$iothub/methods/res/200/?$rid={rid}"), payload, 0, 0);
    }
}

/// What fills the ring, and how often it is done.
type Filling = (&'static str, usize, fn(&mut Bench, usize));

const FILLINGS: [Filling; 6] = [
    ("reported patches of 54 KB, as 3,900 booleans", 150, |bench, n| {
        let link = *bench.frames.keys().last().unwrap();
        let patch: Map<String, Value> =
            (0..3_900).map(|i| (format!("p{i:04}"), json!((i + n) % 2 == 0))).collect();
        let topic = "$iothub/twin/PATCH/properties/reported/?$rid=1";
        bench.publish(link, topic, Value::Object(patch).to_string().as_bytes(), 0, 0);
    }),
    ("methods of 128 KB both ways", 250, |bench, _| {
        let link = *bench.frames.keys().last().unwrap();
        let payload = format!("\"{}\"", "x".repeat(130_000));
        let call = format!(r#"{{"methodName":"m","payload":{payload}}}"#);
        let headers = vec![("host".to_owned(), "127.0.0.1:4280".to_owned())];
        assert!(bench.request("POST", "/local/devices/device-1/methods", "", headers, &call).is_none());
        answer(bench, link, payload.as_bytes());
        bench.answers.clear();
    }),
    ("refused CONNECTs with an id of 60 KB", 600, |bench, n| {
        let id = format!("{n}{}", "x".repeat(60_000));
        let user_name = format!("localhost/{id}/?api-version=2021-04-12");
        let hello = Hello { client_id: id, user_name, ..bench.hello("device-1", None) };
        assert_eq!(bench.introduce(&hello).1, Some((5, false)));
    }),
    ("connects with a model id of 60 KB", 600, |bench, n| {
        let mut hello = bench.hello("device-1", None);
        hello.user_name += &format!("&model-id={n}{}", "m".repeat(60_000));
        let (link, _) = bench.introduce(&hello);
        bench.publish(link, "devices/device-1/messages/events/", b"x", 0, 0);
    }),
    ("topics of 60 KB that are unknown", 1_000, |bench, _| {
        let link = bench.connect("device-1");
        bench.publish(link, &"t".repeat(60_000), b"", 0, 0);
    }),
    ("feedback", 2_000, |bench, n| {
        let body = json!({"ack": "full", "messageId": format!("{n:0128}")}).to_string();
        assert_eq!(bench.local("POST", "/local/devices/device-1/messages", &body).0, 201);
        bench.local("DELETE", "/local/devices/device-1/messages", "");
    }),
];

#[test]
fn eight_megabytes_of_events_and_four_of_packets_are_what_is_kept() {
    for (what, times, fill) in FILLINGS {
        let before = resident_kb();
        let mut bench = Bench::with(HubConfig::default());
        bench.local("POST", "/local/packets", r#"{"on":true}"#);
        let link = bench.connect("device-1");
        bench.subscribed(link, &[("$iothub/methods/POST/#", 0)]);
        for n in 0..times {
            fill(&mut bench, n);
            // Only what the hub itself keeps is measured.
            bench.frames.iter_mut().for_each(|(_, frames)| frames.clear());
            bench.closed.clear();
        }
        let grown = resident_kb().saturating_sub(before);
        let events = bench.hub.events_after(0, usize::MAX);
        assert!(!events.events.is_empty(), "{what}");
        // Twelve of content, what the allocator keeps for itself, and the one input that was last.
        assert!(grown < 32 * 1024, "{what}: {grown} KB for {} events", events.events.len());
    }
}
