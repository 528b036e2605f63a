//! Closing: handlers that run are open work, and what they settle is acknowledged before DISCONNECT.

#![expect(clippy::unwrap_used, reason = "a test that meets none stops there, and says where")]

#[allow(dead_code, reason = "shared with the traps, which use all of it")]
#[path = "traps/bench.rs"]
mod bench;

use crate::bench::{Bench, of_device};
use iothub_device::{CallId, DeliveryId, Event, Message, OpId, Settlement, State};
use iothub_protocol::packet::{Packet, QoS};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const CLOSE: OpId = OpId(9);

/// A device that was just handed one message and one method call.
fn at_work() -> (Bench, DeliveryId, CallId) {
    let mut bench = Bench::online(of_device("d"));
    bench.device.listen_messages(bench.clock());
    bench.device.listen_methods(bench.clock());
    bench.drain();
    bench.subacks();
    bench.hub_publishes("devices/d/messages/devicebound/", "body", QoS::AtLeastOnce, 7);
    bench.hub_publishes("$iothub/methods/POST/stop/?$rid=1", "", QoS::AtMostOnce, 0);
    let (mut delivery, mut call) = (None, None);
    for event in &bench.events {
        match event {
            Event::Message { delivery: id, .. } => delivery = Some(*id),
            Event::Method { call: id, .. } => call = Some(*id),
            _ => {}
        }
    }
    bench.sent.clear();
    (bench, delivery.unwrap(), call.unwrap())
}

fn close(bench: &mut Bench, drain: u64) {
    bench.device.close(CLOSE, drain, bench.clock());
    bench.drain();
}

fn is_closed(bench: &Bench) -> bool {
    bench.settled.contains(&(CLOSE.0, Ok(Settlement::Closed)))
}

/// The kinds of the packets that left, in order.
fn left(bench: &Bench) -> Vec<&'static str> {
    let kinds = bench.sent.iter().map(|packet| match packet {
        Packet::PubAck(_) => "puback",
        Packet::Publish(_) => "answer",
        Packet::Disconnect => "disconnect",
        other => panic!("{other:?}"),
    });
    kinds.collect()
}

#[test]
fn close_waits_for_running_handlers_and_leaves_when_they_are_done() {
    let (mut bench, delivery, call) = at_work();
    close(&mut bench, 5_000);
    bench.pass(1_000);
    assert!(!is_closed(&bench), "handlers are at work");
    bench.device.answer_method(call, 200, b"{}", bench.clock()).unwrap();
    bench.drain();
    bench.device.message_handled(delivery, true, bench.clock());
    bench.drain();
    assert_eq!(left(&bench), ["answer", "puback", "disconnect"]);
    assert!(is_closed(&bench));
    assert!(bench.sockets.is_empty());
}

#[test]
fn a_handler_that_waits_for_its_own_close_is_acknowledged_when_the_time_is_up() {
    let (mut bench, delivery, call) = at_work();
    close(&mut bench, 5_000);
    bench.pass(5_000);
    assert!(is_closed(&bench));
    assert_eq!(bench.states().last(), Some(&State::Closed));
    let refused = bench.device.get_twin(OpId(10), None, bench.clock()).unwrap_err();
    assert_eq!(refused.code.as_str(), "closed");
    // What waited for the close goes on.
    bench.device.message_handled(delivery, true, bench.clock());
    bench.device.answer_method(call, 200, b"{}", bench.clock()).unwrap();
    bench.drain();
    assert_eq!(left(&bench), ["puback", "answer", "disconnect"]);
    assert!(bench.sockets.is_empty());
    assert_eq!(bench.device.poll_timeout(), None);
}

#[test]
fn a_handler_that_never_settles_holds_a_close_up_for_its_drain_only() {
    for drain in [0, 5_000] {
        let (mut bench, ..) = at_work();
        close(&mut bench, drain);
        bench.pass(drain);
        assert!(is_closed(&bench), "{drain}");
        bench.pass(1_000);
        assert_eq!(left(&bench), ["disconnect"], "{drain}");
        assert!(bench.sockets.is_empty());
        assert_eq!(bench.device.poll_timeout(), None);
    }
}

#[test]
fn a_message_that_nobody_hears_holds_no_close_up_and_new_ones_stay_with_the_hub() {
    let (mut bench, delivery, call) = at_work();
    bench.device.message_heard(delivery, false, bench.clock());
    close(&mut bench, 5_000);
    bench.events.clear();
    bench.hub_publishes("devices/d/messages/devicebound/", "late", QoS::AtLeastOnce, 8);
    assert_eq!(bench.events, [], "it is not raised");
    bench.device.answer_method(call, 200, b"{}", bench.clock()).unwrap();
    bench.drain();
    assert_eq!(left(&bench), ["answer", "disconnect"]);
    assert!(is_closed(&bench));
}

#[test]
fn a_connection_that_is_lost_after_the_close_is_not_made_again() {
    let (mut bench, delivery, _) = at_work();
    close(&mut bench, 0);
    assert!(is_closed(&bench));
    bench.hub_closes();
    bench.device.message_handled(delivery, true, bench.clock());
    close(&mut bench, 0);
    bench.pass(100_000);
    assert_eq!(bench.urls.len(), 1);
    assert_eq!(bench.device.poll_timeout(), None);
    assert_eq!(bench.states().last(), Some(&State::Closed));
}

#[test]
fn a_close_with_open_sends_and_handlers_waits_for_both() {
    let (mut bench, delivery, call) = at_work();
    let message = Message { body: b"m", system: &[], properties: &[], qos: QoS::AtLeastOnce };
    bench.device.send(OpId(1), &message, None, bench.clock()).unwrap();
    close(&mut bench, 5_000);
    bench.device.message_handled(delivery, true, bench.clock());
    bench.device.answer_method(call, 200, b"{}", bench.clock()).unwrap();
    bench.drain();
    assert!(!is_closed(&bench), "the PUBACK is on its way");
    let id = bench.published()[0].pkid;
    bench.hub(&[0x40, 2, id.to_be_bytes()[0], id.to_be_bytes()[1]]);
    assert!(is_closed(&bench));
}

#[test]
fn what_its_callers_have_given_up_holds_no_close_up() {
    let mut bench = Bench::online(of_device("d"));
    bench.device.update_reported(OpId(1), "{}", None, bench.clock()).unwrap();
    bench.drain();
    bench.subacks();
    let message = Message { body: b"m", system: &[], properties: &[], qos: QoS::AtLeastOnce };
    bench.device.send(OpId(2), &message, None, bench.clock()).unwrap();
    bench.drain();
    assert_eq!(bench.published().len(), 2, "both are on the wire");
    close(&mut bench, 5_000);
    bench.device.abort(OpId(1), bench.clock());
    bench.drain();
    assert!(!is_closed(&bench));
    bench.device.abort(OpId(2), bench.clock());
    bench.drain();
    assert!(is_closed(&bench));
}

#[test]
fn a_device_that_has_stopped_waits_for_nothing() {
    let mut bench = Bench::new(of_device("d"));
    bench.connect();
    bench.device.get_twin(OpId(1), Some(1_000_000), bench.clock()).unwrap();
    let message = Message { body: b"m", system: &[], properties: &[], qos: QoS::AtLeastOnce };
    bench.device.send(OpId(2), &message, Some(900_000), bench.clock()).unwrap();
    bench.connack(5);
    bench.pass(1_000);
    bench.open();
    bench.connack(5);
    assert_eq!(bench.states().last(), Some(&State::Disconnected));
    assert_eq!(bench.settled.len(), 3);
    assert_eq!(bench.device.poll_timeout(), None);
}

#[test]
fn a_settled_call_leaves_no_deadline_behind() {
    let mut bench = Bench::online(of_device("d"));
    let calm = bench.device.poll_timeout();
    assert_eq!(calm, Some(30_000), "the next PINGREQ");
    let message = Message { body: b"m", system: &[], properties: &[], qos: QoS::AtMostOnce };
    bench.device.send(OpId(1), &message, Some(1_000), bench.clock()).unwrap();
    assert_eq!(bench.device.poll_timeout(), Some(1_000));
    bench.drain();
    assert_eq!(bench.settled.last(), Some(&(1, Ok(Settlement::Sent))));
    assert_eq!(bench.device.poll_timeout(), calm);
}
