//! The data file as a model: whatever is done to a hub, the rows written for it make the same hub again.

use crate::support::Bench;
use iothub_hub::{Change, HubConfig};
use iothub_protocol::identity::Identity;
use iothub_protocol::packet::Packet;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// The rows, as the process has them in SQLite.
#[derive(Default)]
pub(crate) struct Kept {
    pub(crate) identities: BTreeMap<Arc<Identity>, Value>,
    pub(crate) messages: BTreeMap<u64, (String, Value)>,
    pub(crate) feedback: BTreeMap<u64, Value>,
}

impl Kept {
    /// The file of a hub, from its first moment.
    pub(crate) fn of(bench: &mut Bench) -> Self {
        bench.hub.keep_changes();
        bench.hub.note_all();
        let mut kept = Self::default();
        kept.write_down(bench);
        kept
    }

    pub(crate) fn write_down(&mut self, bench: &mut Bench) {
        let read = |document: String| serde_json::from_str(&document).unwrap();
        for change in bench.hub.take_changes() {
            match change {
                Change::Identity { identity, document: Some(document) } => {
                    self.identities.insert(identity, read(document));
                }
                Change::Identity { identity, document: None } => {
                    self.identities.remove(&identity);
                }
                Change::Message { identity, sequence, document: Some(document) } => {
                    self.messages.insert(sequence, (identity.device_id.clone(), read(document)));
                }
                Change::Message { sequence, document: None, .. } => {
                    self.messages.remove(&sequence);
                }
                Change::Feedback { number, document: Some(document) } => {
                    self.feedback.insert(number, read(document));
                }
                Change::Feedback { number, document: None } => {
                    self.feedback.remove(&number);
                }
            }
        }
    }

    /// A hub that starts with this file.
    pub(crate) fn restored(&self, at: &Bench) -> Bench {
        let mut again = Bench::at(HubConfig::default(), at.now);
        again.hub.begin_restore(at.now);
        for document in self.identities.values() {
            again.hub.restore_identity(document).unwrap();
        }
        for (device_id, document) in self.messages.values() {
            again.hub.restore_message(device_id, document).unwrap();
        }
        for (number, document) in &self.feedback {
            again.hub.restore_feedback(*number, document).unwrap();
        }
        again
    }
}

/// The export without what is not worth a write each time: when a link was last seen.
fn exported(bench: &Bench) -> Value {
    let mut export = bench.hub.export();
    for row in export["devices"].as_array_mut().unwrap() {
        let fields = row.as_object_mut().unwrap();
        fields.remove("lastActivityTime");
    }
    export
}

/// One of many things that may happen to a hub.
fn happen(bench: &mut Bench, number: u64) {
    let device = ["device-1", "a", "b"][(number / 16 % 3) as usize];
    let path = format!("/local/devices/{device}");
    let message = format!("{{\"body\":\"{number}\",\"ack\":\"full\"}}");
    let _ = match number % 16 {
        0 => bench.local("PUT", &path, "{}"),
        1 => bench.local("DELETE", &path, ""),
        2..=5 => bench.local("POST", &format!("{path}/messages"), &message),
        6 => bench.local("PUT", &format!("{path}/modules/m"), "{}"),
        7 => bench.local("DELETE", &format!("{path}/modules/m"), ""),
        8 => bench.local("PATCH", &format!("{path}/twin"), &format!("{{\"tags\":{{\"n\":{number}}}}}")),
        9 => bench.local("DELETE", &format!("{path}/messages"), ""),
        10 if number.is_multiple_of(5) => bench.local("POST", "/local/reset", ""),
        10 => bench.local("PUT", &format!("{path}/twin"), "{\"tags\":{\"put\":1}}"),
        11 => {
            let other = json!({"devices": [
                {"deviceId": device, "messages": [message_at(0), message_at(0)]},
                {"deviceId": device, "moduleId": "m", "messages": [message_at(0)]},
            ]});
            bench.local("POST", "/local/import", &other.to_string())
        }
        12 => {
            bench.pass(20 * 60_000);
            (0, Value::Null)
        }
        _ => {
            if bench.local("GET", &path, "").0 == 200 {
                take_messages(bench, device);
            }
            (0, Value::Null)
        }
    };
}

fn message_at(sequence: u64) -> Value {
    json!({
        "sequence": sequence, "messageId": "i", "bag": "", "bodyBase64": "", "ack": "full",
        "enqueuedMs": 1, "expiresMs": 4_000_000_000_000u64, "deliveries": 0,
    })
}

/// A device connects, takes what waits, acknowledges the first, and is gone.
fn take_messages(bench: &mut Bench, device: &str) {
    let link = bench.connect(device);
    bench.subscribe(link, &[(&format!("devices/{device}/messages/devicebound/#"), 1)]);
    // The first message may come before the SUBACK: the session remembers.
    while let Some(packet) = bench.take(link) {
        if let Packet::Publish(publish) = packet {
            bench.puback(link, publish.pkid);
            break;
        }
    }
    bench.drop_socket(link);
}

/// SplitMix64: the same walk every time.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    (z ^ (z >> 31)) >> 8
}

#[test]
fn the_changes_rebuild_the_hub_whatever_happens() {
    for seed in 1..=40 {
        let mut state = seed;
        let mut bench = Bench::new();
        let mut kept = Kept::of(&mut bench);
        for step in 0..60 {
            let number = next(&mut state);
            happen(&mut bench, number);
            kept.write_down(&mut bench);
            assert!(bench.hub.take_changes().is_empty());
            let again = kept.restored(&bench);
            assert_eq!(exported(&again), exported(&bench), "seed {seed}, step {step}: {number}");
        }
    }
}

#[test]
fn what_was_accepted_can_be_read_back() {
    let mut bench = Bench::new();
    let mut kept = Kept::of(&mut bench);
    // Both sides of the limit: 201 means that the message is there after a restart and an import.
    let (mut accepted, mut refused) = (0, 0);
    for length in (64_900..65_536).step_by(3) {
        let body = json!({"body": "", "properties": {"p": "v".repeat(length)}}).to_string();
        match bench.local("POST", "/local/devices/device-1/messages", &body).0 {
            201 => accepted += 1,
            413 => refused += 1,
            status => panic!("{status}"),
        }
        kept.write_down(&mut bench);
        assert_eq!(exported(&kept.restored(&bench)), exported(&bench));
        let mut fresh = Bench::new();
        assert_eq!(fresh.local("POST", "/local/import", &bench.hub.export().to_string()).0, 200);
        bench.local("DELETE", "/local/devices/device-1/messages", "");
    }
    assert!(accepted > 0 && refused > 0);
}

#[test]
fn a_restarted_hub_can_be_reset_to_its_first_moment() {
    let mut bench = Bench::new();
    let mut kept = Kept::of(&mut bench);
    bench.local("DELETE", "/local/devices/device-1", "");
    kept.write_down(&mut bench);
    let mut again = kept.restored(&bench);
    assert_eq!(again.local("GET", "/local/devices", "").1, json!([]), "deleted is deleted");
    again.hub.keep_changes();
    again.local("POST", "/local/reset", "");
    kept.write_down(&mut again);
    assert_eq!(kept.identities.len(), 1);
    kept.restored(&again).connect("device-1");
}

#[test]
fn feedback_is_fetched_after_a_restart_too() {
    let mut bench = Bench::new();
    let mut kept = Kept::of(&mut bench);
    let fetch = |bench: &mut Bench| {
        let response = bench.call_as("service", "GET", "/messages/serviceBound/feedback", &[], "");
        (response.status, crate::support::json_of(&response))
    };
    let purge = |bench: &mut Bench| {
        bench.local("POST", "/local/devices/device-1/messages", r#"{"body":"x","ack":"full"}"#);
        bench.local("DELETE", "/local/devices/device-1/messages", "");
    };
    purge(&mut bench);
    bench.pass(15_000);
    purge(&mut bench);
    kept.write_down(&mut bench);
    let mut again = kept.restored(&bench);
    again.hub.keep_changes();
    assert_eq!(fetch(&mut again).1[0]["statusCode"], "Purged", "what was ready");
    assert_eq!(fetch(&mut again).0, 204, "and the rest is still collected");
    again.pass(15_000);
    assert_eq!(fetch(&mut again).1.as_array().unwrap().len(), 1);
    again.local("POST", "/local/reset", "");
    kept.write_down(&mut again);
    assert!(kept.feedback.is_empty());
    purge(&mut bench);
    for _ in 0..70 {
        purge(&mut bench);
        bench.pass(15_000);
    }
    kept = Kept::of(&mut bench);
    assert_eq!(kept.feedback.len(), 64, "no more than are kept");
    bench.pass(3_600_000);
    assert_eq!(fetch(&mut bench).0, 204);
    kept.write_down(&mut bench);
    assert!(kept.feedback.is_empty(), "an hour, then nobody gets it");
}

#[test]
fn a_batch_of_feedback_is_settled_by_who_holds_it() {
    let mut bench = Bench::new();
    bench.local("POST", "/local/devices/device-1/messages", r#"{"body":"x","ack":"full"}"#);
    bench.local("DELETE", "/local/devices/device-1/messages", "");
    bench.pass(15_000);
    let base = "/messages/serviceBound/feedback";
    let lock = |bench: &mut Bench| {
        let response = bench.call_as("service", "GET", base, &[], "");
        let etag = response.headers.iter().find(|header| header.0 == "etag").map(|header| header.1.clone());
        etag.unwrap_or_default().trim_matches('"').to_owned()
    };
    let settle = |bench: &mut Bench, method: &str, path: String| bench.call(method, &path, "").0;
    let first = lock(&mut bench);
    assert_eq!(settle(&mut bench, "POST", format!("{base}/{first}/abandon")), 204);
    assert_eq!(settle(&mut bench, "DELETE", format!("{base}/{first}")), 412, "handed back");
    let second = lock(&mut bench);
    assert_ne!(first, second);
    assert_eq!(settle(&mut bench, "DELETE", format!("{base}/{first}")), 412, "another's now");
    bench.pass(60_000);
    assert_eq!(settle(&mut bench, "DELETE", format!("{base}/{second}")), 412, "the minute is over");
    let third = lock(&mut bench);
    assert_eq!(settle(&mut bench, "DELETE", format!("{base}/{third}")), 204);
    assert_eq!(lock(&mut bench), "");
}
