//! What a hub can not bear is not sent for ever: it is found among all that waits, and its caller is told.
#![expect(clippy::unwrap_used, reason = "a test that meets none stops there, and says where")]

#[allow(dead_code, reason = "shared with the traps, which use all of it")]
#[path = "traps/bench.rs"]
mod bench;

use crate::bench::{Bench, of_device};
use iothub_device::{Code, Message, OpId, Settlement, State};
use iothub_protocol::packet::{Packet, QoS};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// How a hub ends a connection.
#[derive(Clone, Copy, PartialEq)]
enum Ends {
    /// When it is sent something with "poison" in it.
    AtPoison,
    /// Right after its CONNACK, whatever it is sent.
    AtOnce,
}

/// A connected device without a witness: its sockets are its connections.
fn online() -> Bench {
    let mut config = of_device("d");
    config.options.taken_over_after = 0;
    Bench::online(config)
}

/// A hub that answers what leaves, until it ends the connection. Gives whether it has.
fn serve(bench: &mut Bench, ends: Ends) -> bool {
    loop {
        let sent = std::mem::take(&mut bench.sent);
        if sent.is_empty() {
            return false;
        }
        for packet in sent {
            let answer = match &packet {
                Packet::Connect(_) => {
                    bench.connack(0);
                    if ends == Ends::AtOnce {
                        bench.hub_closes();
                        bench.sent.clear();
                        return true;
                    }
                    continue;
                }
                Packet::Publish(publish) if publish.payload.windows(6).any(|part| part == b"poison") => {
                    bench.hub_closes();
                    bench.sent.clear();
                    return true;
                }
                Packet::Publish(publish) if publish.qos == QoS::AtLeastOnce => {
                    let [high, low] = publish.pkid.to_be_bytes();
                    vec![0x40, 2, high, low]
                }
                Packet::Publish(publish) => {
                    let rid = publish.topic.split_once("$rid=").unwrap().1.to_owned();
                    bench.hub_publishes(
                        &format!("$iothub/twin/res/204/?$rid={rid}&$version=2"),
                        "",
                        QoS::AtMostOnce,
                        0,
                    );
                    continue;
                }
                Packet::Subscribe(subscribe) => {
                    let [high, low] = subscribe.pkid.to_be_bytes();
                    vec![0x90, 3, high, low, 1]
                }
                Packet::PingReq => vec![0xd0, 0],
                other => panic!("{other:?}"),
            };
            bench.hub(&answer);
        }
    }
}

/// Connects as often as it takes; gives how many connections the hub ended.
fn endure(bench: &mut Bench, ends: Ends, most: usize) -> usize {
    let mut ended = 0;
    for _ in 0..most {
        if serve(bench, ends) {
            ended += 1;
        }
        let urls = bench.urls.len();
        let again = (0..35).any(|_| {
            bench.pass(1_000);
            bench.urls.len() > urls || serve(bench, ends)
        });
        if !again {
            break;
        }
        bench.open();
    }
    ended
}

fn send(bench: &mut Bench, op: u32, body: &[u8]) {
    let message = Message { body, system: &[], properties: &[], qos: QoS::AtLeastOnce };
    bench.device.send(OpId(op), &message, None, bench.clock()).unwrap();
}

fn assert_only_refused(bench: &Bench, refused: u32, ops: std::ops::RangeInclusive<u32>) {
    for op in ops.filter(|op| *op != refused) {
        assert!(bench.outcome(op).is_ok(), "{op}: {:?}", bench.outcome(op));
    }
    let error = bench.outcome(refused).clone().unwrap_err();
    assert_eq!(error.code, Code::HubRefused, "{error}");
    assert_eq!(bench.states().last(), Some(&State::Connected));
}

#[test]
fn a_message_that_ends_every_connection_is_given_up_and_all_others_arrive() {
    let mut bench = online();
    bench.sent.clear();
    for op in 1..=20 {
        send(&mut bench, op, if op == 7 { b"poison" } else { b"m" });
    }
    bench.device.update_reported(OpId(21), r#"{"a":1}"#, Some(10_000_000), bench.clock()).unwrap();
    bench.drain();
    let ended = endure(&mut bench, Ends::AtPoison, 20);
    assert_eq!(ended, 8);
    assert_only_refused(&bench, 7, 1..=21);
}

#[test]
fn a_patch_that_ends_every_connection_is_given_up_and_all_others_arrive() {
    let mut bench = online();
    bench.sent.clear();
    bench.device.update_reported(OpId(1), r#"{"a":"poison"}"#, Some(10_000_000), bench.clock()).unwrap();
    bench.drain();
    for op in 2..=20 {
        send(&mut bench, op, b"m");
    }
    bench.device.update_reported(OpId(21), r#"{"a":{"b":1}}"#, Some(10_000_000), bench.clock()).unwrap();
    bench.drain();
    let ended = endure(&mut bench, Ends::AtPoison, 20);
    assert!(ended <= 12, "{ended}");
    assert_only_refused(&bench, 1, 1..=21);
}

#[test]
fn a_hub_that_ends_every_connection_whatever_it_is_sent_refuses_nothing() {
    let mut bench = online();
    send(&mut bench, 1, b"m");
    bench.drain();
    bench.hub_closes();
    bench.sent.clear();
    bench.pass(2_000);
    bench.open();
    assert_eq!(endure(&mut bench, Ends::AtOnce, 30), 30);
    assert_eq!(bench.settled, [(0, Ok(Settlement::Connected))], "it still waits");
    endure(&mut bench, Ends::AtPoison, 30);
    assert!(bench.outcome(1).is_ok());
}

#[test]
fn a_suspect_that_is_answered_late_holds_nothing_up_for_long() {
    let mut bench = online();
    for op in 1..=3 {
        send(&mut bench, op, b"m");
    }
    bench.drain();
    for _ in 0..2 {
        bench.hub_closes();
        bench.pass(2_100);
        bench.open();
        bench.sent.clear();
        bench.connack(0);
    }
    assert_eq!(bench.published().len(), 1, "the oldest goes alone");
    bench.hub(&[0xd0, 0]);
    bench.pass(11_000);
    assert_eq!(bench.published().len(), 3, "each once on this connection");
}

#[test]
fn an_id_with_a_wildcard_sends_nothing_says_why_and_has_twins_and_methods() {
    for id in ["(+44)090809098", "a#b"] {
        let mut bench = Bench::online(of_device(id));
        let message = Message { body: b"m", system: &[], properties: &[], qos: QoS::AtLeastOnce };
        let error = bench.device.send(OpId(1), &message, None, bench.clock()).unwrap_err();
        assert_eq!(error.code, Code::Identity);
        assert!(error.message.contains(id), "{error}");
        bench.device.listen_messages(bench.clock());
        bench.device.listen_methods(bench.clock());
        bench.device.update_reported(OpId(2), "{}", None, bench.clock()).unwrap();
        bench.sent.clear();
        bench.drain();
        let filters = bench.sent.iter().map(|packet| match packet {
            Packet::Subscribe(subscribe) => subscribe.filters.len(),
            other => panic!("{other:?}"),
        });
        assert_eq!(filters.collect::<Vec<_>>(), [2], "twin answers and methods, no messages");
    }
}
