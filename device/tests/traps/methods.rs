//! Direct methods: the subscription, and requests without a body.

use crate::bench::{Bench, of_device};
use iothub_device::{CallId, Event};
use iothub_protocol::packet::{Packet, QoS};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn listening() -> Bench {
    let mut bench = Bench::online(of_device("d"));
    bench.device.listen_methods(bench.clock());
    bench.drain();
    bench
}

#[test]
fn trap_11_the_first_handler_subscribes_and_so_does_every_new_link() {
    let filters = |bench: &Bench| {
        let subscribes = bench.sent.iter().filter_map(|packet| match packet {
            Packet::Subscribe(subscribe) => Some(subscribe),
            _ => None,
        });
        subscribes.flat_map(|s| s.filters.iter().map(|f| f.path.clone())).collect::<Vec<_>>()
    };
    let mut bench = listening();
    assert_eq!(filters(&bench), ["$iothub/methods/POST/#"]);
    bench.subacks();
    bench.hub_closes();
    bench.sent.clear();
    bench.pass(60_000);
    bench.open();
    // A hub that forgot the session: without the subscription the service would be told "not online".
    bench.connack(0);
    assert_eq!(filters(&bench), ["$iothub/methods/POST/#"]);
}

#[test]
fn trap_10_a_request_without_a_body_is_a_request() {
    let mut bench = listening();
    bench.subacks();
    bench.hub_publishes("$iothub/methods/POST/reboot/?$rid=1f", "", QoS::AtMostOnce, 0);
    let Some(Event::Method { call, name, payload }) = bench.events.last() else { panic!("no call") };
    assert_eq!((name.as_str(), payload.len()), ("reboot", 0));
    let call: CallId = *call;
    bench.device.answer_method(call, 200, b"null", bench.clock()).unwrap();
    bench.drain();
    let answer = bench.published().pop().unwrap();
    assert_eq!(
        (answer.topic.as_str(), &answer.payload[..]),
        ("$iothub/methods/res/200/?$rid=1f", &b"null"[..])
    );
}
