//! The functions that every message, token and twin passes through. Run by `npm run bench -- functions`.
#![allow(missing_docs, reason = "criterion's macros write public functions without any")]

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use iothub_protocol::bag;
use iothub_protocol::json::Json;
use iothub_protocol::packet::{self, Decoder, QoS, WrittenPublish};
use iothub_protocol::sas::{self, Key};
use iothub_protocol::topic::{DeviceTopic, HubTopic};
use iothub_protocol::twin;
use serde_json::json;
use std::hint::black_box;

const PREFIX: &[u8] = b"devices/thermostat-7/messages/events/";
const BAG: &str = "level=storage&room=kitchen%201&run=20261121";
const PROPERTIES: [(&str, &str); 3] = [("level", "storage"), ("room", "kitchen 1"), ("run", "20261121")];

fn packets(criterion: &mut Criterion) {
    let body = [109; 256];
    criterion.bench_function("PUBLISH written, 256 bytes, three properties", |bench| {
        bench.iter(|| {
            WrittenPublish::new(QoS::AtLeastOnce, false, black_box(&body), 90, |topic| {
                topic.extend_from_slice(PREFIX);
                let mut bag = bag::Writer::new(topic);
                for (name, value) in black_box(PROPERTIES) {
                    bag.push(name, Some(value));
                }
            })
        });
    });
    let topic = format!("{}{BAG}", String::from_utf8_lossy(PREFIX));
    let mut publishes = Vec::new();
    let mut pubacks = Vec::new();
    for id in 1..=64 {
        let written = packet::write_publish(&mut publishes, &topic, &body, QoS::AtLeastOnce, id, false);
        assert_eq!(written, Ok(()));
        packet::write_puback(&mut pubacks, id);
    }
    criterion.bench_function("64 PUBLISH read from one frame", |bench| {
        bench.iter(|| read(&publishes));
    });
    criterion.bench_function("64 PUBACK read from one frame", |bench| bench.iter(|| read(&pubacks)));
}

fn read(frame: &[u8]) -> usize {
    let mut decoder = Decoder::new(1 << 18);
    decoder.push(black_box(frame));
    let mut packets = 0;
    while let Ok(Some(packet)) = decoder.next_packet() {
        black_box(packet);
        packets += 1;
    }
    assert_eq!(packets, 64);
    packets
}

fn topics(criterion: &mut Criterion) {
    criterion.bench_function("bag of three properties written", |bench| {
        bench.iter(|| bag::write(black_box(PROPERTIES).map(|(name, value)| (name, Some(value)))));
    });
    criterion.bench_function("bag of three properties read", |bench| {
        bench.iter(|| bag::read(black_box(BAG)));
    });
    let telemetry = format!("{}{BAG}", String::from_utf8_lossy(PREFIX));
    criterion.bench_function("telemetry topic parsed", |bench| {
        bench.iter(|| DeviceTopic::parse(black_box(&telemetry)).is_ok());
    });
    criterion.bench_function("topic of a twin answer parsed", |bench| {
        bench.iter(|| HubTopic::parse(black_box("$iothub/twin/res/200/?$rid=17&$version=4")).is_some());
    });
}

fn tokens(criterion: &mut Criterion) {
    let key = Key::from_bytes(&[7; 32]);
    let sr = sas::device_audience("hub.azure-devices.net", "thermostat-7", None);
    criterion.bench_function("SAS token signed", |bench| {
        bench.iter(|| sas::make_token(black_box(&sr), &key, 1_800_000_000, None));
    });
}

fn twins(criterion: &mut Criterion) {
    let members = (0..50).map(|n| (format!("sensor{n}"), json!({ "value": n, "unit": "C", "ok": true })));
    let state = members.collect::<serde_json::Map<_, _>>();
    let patch = json!({ "sensor7": { "value": 8, "ok": null }, "sensor51": { "value": 1 }, "sensor3": null });
    let empty = serde_json::Map::new();
    let patch = patch.as_object().unwrap_or(&empty);
    criterion.bench_function("patch of three merged into a twin of 50", |bench| {
        bench.iter_batched_ref(
            || state.clone(),
            |state| twin::merge(state, black_box(patch)),
            BatchSize::SmallInput,
        );
    });
    let text = serde_json::Value::Object(state.clone()).to_string();
    criterion.bench_function("twin of 50 read from JSON by the device", |bench| {
        bench.iter(|| Json::parse(black_box(&text)).is_ok());
    });
}

criterion_group!(benches, packets, topics, tokens, twins);
criterion_main!(benches);
