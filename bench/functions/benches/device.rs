//! The device's own share of a message: accepted, written, put on the wire, acknowledged, settled. No socket, no
//! JavaScript. Run by `npm run bench -- functions`.
#![allow(missing_docs, reason = "criterion's macros write public functions without any")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use iothub_device::{Clock, Config, Device, Message, OpId, Output, Settlement, SocketId};
use iothub_protocol::packet::{self, Decoder, Packet, QoS};
use std::hint::black_box;

const STRING: &str =
    "HostName=127.0.0.1;DeviceId=thermostat-7;SharedAccessKey=a2V5;UseLocalHub=true;Port=8080";
const AT: Clock = Clock { now: 1_000, unix_ms: 1_780_000_000_000 };
const PROPERTIES: [(&str, &str); 3] = [("level", "storage"), ("room", "kitchen 1"), ("run", "20261121")];

/// What a drained device said: the bytes for its socket, and how many sends ended well.
#[derive(Default)]
struct Said {
    socket: Option<SocketId>,
    bytes: Vec<u8>,
    sent: u64,
}

fn drain(device: &mut Device) -> Said {
    let mut said = Said::default();
    while let Some(output) = device.poll_output() {
        match output {
            Output::Open { socket, .. } => said.socket = Some(socket),
            Output::Transmit { bytes, .. } => said.bytes.extend_from_slice(&bytes),
            Output::Settled { outcome: Ok(Settlement::Sent), .. } => said.sent += 1,
            _ => {}
        }
    }
    said
}

/// A device that the hub has accepted, and its socket.
fn online() -> Option<(Device, SocketId)> {
    let mut device = Device::new(Config::from_connection_string(STRING).ok()?, 7, AT);
    device.connect(OpId(0), None, AT).ok()?;
    let socket = drain(&mut device).socket?;
    device.socket_opened(socket, AT);
    drain(&mut device);
    let mut connack = Vec::new();
    packet::write_connack(&mut connack, false, 0);
    device.socket_bytes(socket, &connack, AT);
    drain(&mut device);
    Some((device, socket))
}

/// The PUBACKs for a frame of PUBLISHes.
fn answers(frame: &[u8]) -> Vec<u8> {
    let mut decoder = Decoder::new(1 << 20);
    decoder.push(frame);
    let mut pubacks = Vec::new();
    while let Ok(Some(packet)) = decoder.next_packet() {
        if let Packet::Publish(publish) = packet {
            packet::write_puback(&mut pubacks, publish.pkid);
        }
    }
    pubacks
}

fn sends(criterion: &mut Criterion) {
    let Some((mut device, socket)) = online() else { return };
    let body = [109; 256];
    let message = Message { body: &body, system: &[], properties: &PROPERTIES, qos: QoS::AtLeastOnce };
    let mut op = 0u32;
    let mut group = criterion.benchmark_group("device");
    for count in [1u64, 64] {
        group.throughput(Throughput::Elements(count));
        group.bench_function(format!("{count} sent in one turn, acknowledged in one frame"), |bench| {
            bench.iter_custom(|turns| {
                let mut spent = std::time::Duration::ZERO;
                for _ in 0..turns {
                    let begun = std::time::Instant::now();
                    for _ in 0..count {
                        op = op.wrapping_add(1);
                        let sent = device.send(OpId(op), black_box(&message), None, AT);
                        assert!(sent.is_ok());
                    }
                    device.socket_buffered(socket, 0);
                    let frame = drain(&mut device).bytes;
                    spent += begun.elapsed();
                    // The hub's side is not what is measured.
                    let pubacks = answers(&frame);
                    let begun = std::time::Instant::now();
                    device.socket_bytes(socket, &pubacks, AT);
                    let sent = drain(&mut device).sent;
                    spent += begun.elapsed();
                    assert_eq!(sent, count);
                }
                spent
            });
        });
    }
    group.finish();
}

criterion_group!(benches, sends);
criterion_main!(benches);
