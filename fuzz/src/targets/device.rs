//! What the network, the hub, the application and the clock do to a device, in any order: it never panics, writes
//! MQTT on open sockets only, settles every call once, and never spins.

use super::device_bench::DeviceBench;
use crate::input::Input;
use iothub_device::{HostSignal, Message};
use iothub_protocol::packet::{
    QoS, SubscribeReasonCode, write_connack, write_pingresp, write_puback, write_publish, write_suback,
};
use iothub_protocol::system_property::SystemProperty;

const TOPICS: &[&str] = &[
    "devices/device-1/messages/devicebound/%24.mid=1&a=b",
    "$iothub/twin/PATCH/properties/desired/?$version=2",
    "$iothub/twin/PATCH/properties/desired/?$version=",
    "$iothub/methods/POST/reboot/?$rid=1f",
    "$iothub/methods/POST/",
    "$iothub/twin/res/",
    "devices/device-1/modules/m/inputs/in/",
    "",
];

const STATUSES: &[&str] = &["200", "204", "400", "429", "500", "404", "0", "70000"];

const BODIES: &[&str] = &[
    r#"{"desired":{"a":1,"$version":2},"reported":{"$version":1}}"#,
    r#"{"a":{"b":1},"$version":3}"#,
    r#"{"a":null,"$version":4}"#,
    r#"{"desired":{"$version":1},"reported":{}}"#,
    "",
    "{",
    "[]",
    "text",
];

const PATCHES: &[&str] = &[r#"{"a":1}"#, r#"{"a":{"b":null}}"#, r#"{"b":2}"#, "{", r#"{"$version":1}"#];

pub(crate) fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let start = input.byte();
    let mut bench = DeviceBench::new(start & 1 > 0, start & 2 > 0);
    if start & 4 > 0 {
        bench.device.watch_packets(true);
    }
    listen(&mut bench, start >> 3);
    let op = bench.call();
    bench.device.connect(op, Some(bench.at.now + 600_000), bench.at).expect("the first connect");
    bench.drain();
    while let Some(operation) = input.operation() {
        step(&mut bench, operation, &mut input);
        bench.drain();
    }
    bench.finish();
}

fn listen(bench: &mut DeviceBench, what: u8) {
    if what & 1 > 0 {
        bench.device.listen_messages(bench.at);
    }
    if what & 2 > 0 {
        bench.device.listen_desired(bench.at);
    }
    if what & 4 > 0 {
        bench.device.listen_methods(bench.at);
    }
}

fn step(bench: &mut DeviceBench, operation: u8, input: &mut Input<'_>) {
    let sockets = bench.sockets();
    let socket = sockets.get(usize::from(operation >> 6) % sockets.len().max(1)).copied();
    match (operation & 31, socket) {
        (0, _) => bench.pass(input.span()),
        (1, Some(socket)) => bench.open(socket),
        (2, Some(socket)) => bench.lose(socket),
        (3, Some(socket)) => bench.feed(socket, input.bytes()),
        (4, Some(socket)) => bench.device.socket_buffered(socket, usize::from(input.short()) << 5),
        (5..=15, Some(socket)) => {
            let bytes = packet(bench, operation & 31, input);
            // The network cuts where it likes.
            let cut = if input.flag() { usize::from(input.byte()).min(bytes.len()) } else { bytes.len() };
            bench.feed(socket, &bytes[..cut]);
            bench.feed(socket, &bytes[cut..]);
        }
        (16, _) => {
            let signal = [HostSignal::Woken, HostSignal::Visible, HostSignal::Hidden, HostSignal::Offline];
            bench.device.host_signal(*input.pick(&signal), bench.at);
        }
        (17, _) => token(bench, input),
        (18, _) => bench.device.abort(bench.any_call(input.byte()), bench.at),
        (19, _) => listen(bench, input.byte()),
        (20, _) => {
            if let Some(delivery) = bench.deliveries.pop() {
                bench.device.message_handled(delivery, input.flag(), bench.at);
            }
        }
        (21, _) => {
            if let Some(call) = bench.methods.pop() {
                let _ = bench.device.answer_method(call, i32::from(input.byte()), input.bytes(), bench.at);
            }
        }
        (22, _) if input.byte() > 200 => {
            let op = bench.call();
            bench.device.close(op, input.span(), bench.at);
        }
        (23 | 24, _) => twin(bench, input),
        (25, _) => bench.device.watch_packets(input.flag()),
        _ => send(bench, input),
    }
}

fn packet(bench: &DeviceBench, kind: u8, input: &mut Input<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    match kind {
        5 => write_connack(&mut out, input.flag(), [0, 0, 0, 0, 3, 4, 5, 255][usize::from(input.byte() % 8)]),
        6 => {
            let codes = [
                SubscribeReasonCode::Success(QoS::AtLeastOnce),
                SubscribeReasonCode::Success(QoS::AtMostOnce),
                SubscribeReasonCode::Failure,
            ];
            let granted: Vec<_> = (0..1 + input.byte() % 5).map(|_| *input.pick(&codes)).collect();
            write_suback(&mut out, near(bench.last_id, input), &granted);
        }
        7 => write_pingresp(&mut out),
        8 | 9 => write_puback(&mut out, near(bench.last_id, input)),
        10 | 11 => {
            let status = input.text_like(STATUSES);
            let topic = format!("$iothub/twin/res/{status}/?$rid={}&$version=5", bench.last_rid);
            publish(&mut out, &topic, input);
        }
        _ => {
            let topic = input.text_like(TOPICS);
            publish(&mut out, &topic, input);
        }
    }
    out
}

/// An id that is in flight, or next to one.
fn near(id: u16, input: &mut Input<'_>) -> u16 {
    id.wrapping_sub(u16::from(input.byte() % 4))
}

fn publish(out: &mut Vec<u8>, topic: &str, input: &mut Input<'_>) {
    let choice = input.byte();
    let body = input.text_like(BODIES);
    let qos =
        [QoS::AtMostOnce, QoS::AtLeastOnce, QoS::AtLeastOnce, QoS::ExactlyOnce][usize::from(choice & 3)];
    // A topic that does not fit is no packet.
    let _ = write_publish(out, topic, body.as_bytes(), qos, u16::from(choice >> 2), choice & 128 > 0);
}

fn token(bench: &mut DeviceBench, input: &mut Input<'_>) {
    let Some(request) = bench.tokens.pop() else { return };
    let token = match input.byte() % 4 {
        0 | 1 => Ok(bench.token()),
        2 => Ok(input.text().as_str().into()),
        _ => Err(input.text()),
    };
    bench.device.token_arrived(request, token, bench.at);
}

fn twin(bench: &mut DeviceBench, input: &mut Input<'_>) {
    let op = bench.call();
    let deadline = input.flag().then(|| bench.at.now + input.span());
    let asked = match input.flag() {
        true => bench.device.get_twin(op, deadline, bench.at),
        false => {
            let patch = input.text_like(PATCHES);
            bench.device.update_reported(op, &patch, deadline, bench.at)
        }
    };
    if asked.is_err() {
        bench.refused(op);
    }
}

fn send(bench: &mut DeviceBench, input: &mut Input<'_>) {
    let op = bench.call();
    let deadline = input.flag().then(|| bench.at.now + input.span());
    let (name, value, id) = (input.text(), input.text(), input.text());
    let qos = [QoS::AtLeastOnce, QoS::AtMostOnce, QoS::AtLeastOnce, QoS::ExactlyOnce]
        [usize::from(input.byte() % 4)];
    let system = [(SystemProperty::MessageId, id.as_str())];
    let properties = [(name.as_str(), value.as_str())];
    let message = Message {
        body: input.bytes(),
        system: if id.is_empty() { &[] } else { &system },
        properties: if name.is_empty() { &[] } else { &properties },
        qos,
    };
    if bench.device.send(op, &message, deadline, bench.at).is_err() {
        bench.refused(op);
    }
}
